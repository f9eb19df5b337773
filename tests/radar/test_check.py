"""A round of the radar: uncommitted work counts, each side is told once, nothing is left behind."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ccc.domain.conflicts import KIND, Conflict, conflicts_in
from ccc.ops.look import look
from ccc.ops.mail import messages_of
from ccc.ops.radar.check import LOCK, _seen, check
from ccc.ops.radar.items import of_conflicts
from ccc.ops.workspace import Workspace
from ccc.store.lock import locked
from tests.flow.conftest import Spawns, Worked
from tests.support.program import RunsCcc
from tests.support.repository import Repo
from tests.support.settling import settle, still

SOURCE = "".join(f"line {number}\n" for number in range(1, 21))


def workspace_of(repo: Repo) -> Workspace:
    return Workspace.open(repo.path, os.environ)


def looked(repo: Repo, *, afresh: bool = False) -> list[Conflict]:
    """The conflicts recorded after a round."""
    workspace = workspace_of(repo)
    assert check(workspace, afresh=afresh) is not None
    return list(conflicts_in(workspace.store.state().streams(KIND)))


def told(repo: Repo) -> list[tuple[str, str]]:
    """Every message ever sent, sorted: to whom, its first line."""
    known = messages_of(workspace_of(repo).reader.state())
    return sorted((each.to, each.text.split("\n")[0]) for each in known)


def edit(session: Worked, line: int, text: str, path: str = "app.py") -> None:
    file = session.path / path
    lines = file.read_text().splitlines(keepends=True)
    lines[line - 1] = f"{text}\n"
    file.write_text("".join(lines))


def pair(ready: Repo, spawn: Spawns) -> tuple[Worked, Worked]:
    ready.commit("Base", {"app.py": SOURCE})
    return spawn("backend", "One"), spawn("backend", "Two")


def test_the_same_lines_uncommitted_are_a_conflict_and_both_are_told_once(
    ready: Repo, spawn: Spawns, ccc: RunsCcc
) -> None:
    one, two = pair(ready, spawn)
    edit(one, 3, "mine")
    edit(two, 3, "theirs")
    edit(two, 4, "theirs too")
    found = looked(ready)
    shown: list[Any] = [(each.pair, each.kind, each.uncommitted, each.told) for each in found]
    assert shown == [((one.id, two.id), "text", True, (one.name, two.name))]
    (file,) = found[0].files
    assert (file.path, file.a, file.b) == ("app.py", ((3, 2),), ((3, 2),))
    edit(one, 3, "mine, again")
    assert [each.since for each in looked(ready)] == [found[0].since]
    words = 'Your work conflicts with {}, whose task is "{}". Not all of that is committed yet.'
    expected = [(one.id, words.format(two.name, "Two")), (two.id, words.format(one.name, "One"))]
    assert told(ready) == sorted(expected)


def test_what_is_gone_is_told_once(ready: Repo, spawn: Spawns) -> None:
    one, two = pair(ready, spawn)
    edit(one, 3, "mine")
    edit(two, 3, "theirs")
    assert len(looked(ready)) == 1
    one.tree.git("checkout", "app.py")
    assert looked(ready) == []
    assert looked(ready) == []
    gone = "Your work does not conflict with {} any more (it was in app.py)."
    expected = [(one.id, gone.format(two.name)), (two.id, gone.format(one.name))]
    assert [row for row in told(ready) if "any more" in row[1]] == sorted(expected)
    assert len(told(ready)) == 4


def test_the_index_of_a_worktree_stays_as_it_is_and_no_object_comes_into_the_repository(
    ready: Repo, spawn: Spawns
) -> None:
    one, two = pair(ready, spawn)
    edit(one, 3, "mine")
    one.tree.git("add", "app.py")
    edit(one, 4, "mine, not staged")
    (two.path / "app.py").unlink()
    (two.path / "new folder").mkdir()
    (two.path / "new folder" / "new").write_text("new")
    settle(ready)
    index = ready.common / "worktrees" / f"ccc-{one.name}" / "index"
    with still(ready):
        workspace = workspace_of(ready)
    before = index.read_bytes(), index.stat().st_mtime_ns, ready.git("count-objects", "-v")
    workspace.layout.radar.mkdir(exist_ok=True)
    with locked(workspace.layout.root / LOCK, timeout=60):
        seen, _, unseen = _seen(workspace)
    assert unseen == ()
    assert [(c.a.name, c.b.name, c.kind) for c in seen.conflicts] == [(one.name, two.name, "structure")]
    assert seen.touched[two.id] == {"app.py", "new folder/new"}
    assert (index.read_bytes(), index.stat().st_mtime_ns, ready.git("count-objects", "-v")) == before
    assert sorted(path.name for path in workspace.layout.radar.iterdir()) == [
        "indexes",
        "objects",
        "snapshots",
        "tidied",
    ]


@pytest.mark.parametrize("how", ["detached", "rebasing", "damaged"])
def test_what_cannot_be_looked_into_is_not_gone(ready: Repo, spawn: Spawns, how: str) -> None:
    """HEAD elsewhere, half of a rebase, an index that git cannot read: nobody is told that it is over."""
    one, two = pair(ready, spawn)
    edit(one, 3, "mine")
    edit(two, 3, "theirs")
    (known,) = looked(ready)
    messages = told(ready)
    index = Path(one.tree.git("rev-parse", "--path-format=absolute", "--git-path", "index"))
    kept = index.read_bytes()
    if how == "detached":
        one.tree.git("checkout", "-q", "--detach")
    elif how == "rebasing":
        (index.parent / "rebase-merge").mkdir()
    else:
        index.write_bytes(b"nothing\n")
    assert [each.pair for each in looked(ready, afresh=True)] == [known.pair]
    assert told(ready) == messages
    if how == "detached":
        one.tree.git(
            "checkout", "-q", one.tree.git("name-rev", "--name-only", "--refs=refs/heads/ccc/*", "HEAD")
        )
    elif how == "rebasing":
        (index.parent / "rebase-merge").rmdir()
    else:
        index.write_bytes(kept)
    edit(one, 3, "line 3")
    assert looked(ready, afresh=True) == []


def test_of_many_pairs_most_are_one_item_for_people(ready: Repo, spawn: Spawns) -> None:
    one, two = pair(ready, spawn)
    three = spawn("backend", "Three")
    for number, session in enumerate((one, two, three)):
        edit(session, 3, str(number))
    assert len(looked(ready)) == 3
    picture = look(workspace_of(ready))
    assert len(list(of_conflicts(picture))) == 3
    shown = [(each.title, each.text) for each in of_conflicts(picture, most=2)]
    assert len(shown) == 3
    assert shown[2] in [("1 more pair conflicts", f"of {each.name}") for each in (two, three)]


def test_a_conflict_that_git_cannot_look_at_is_not_told_to_be_gone(ready: Repo, spawn: Spawns) -> None:
    """What one side has now cannot be read: git fails at the merge, which says nothing about it."""
    one, two = pair(ready, spawn)
    for each in (one, two):
        edit(each, 3, each.name)
        each.tree.commit("Line 3")
    (before,) = looked(ready)
    edit(two, 3, "something else")
    two.tree.commit("Line 3 again")
    oid = two.tree.oid("HEAD:app.py")
    settle(ready)
    broken = ready.common / "objects" / oid[:2] / oid[2:]
    aside = broken.rename(ready.path.with_name("aside"))
    assert [each.pair for each in looked(ready)] == [before.pair]
    assert not any("no conflict" in words or "gone" in words for _, words in told(ready))
    aside.rename(broken)
    edit(two, 3, "line 3")
    two.tree.commit("As it was")
    assert looked(ready) == []
