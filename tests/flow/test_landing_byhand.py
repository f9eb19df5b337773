"""Branches that a person took to the target by git alone are noticed, however that was done."""

from __future__ import annotations

import pytest

from tests.flow.conftest import Spawns, Worked
from tests.support.program import RunsCcc
from tests.support.repository import Repo


@pytest.fixture
def session(ready: Repo, spawn: Spawns) -> Worked:
    """A session with two commits, the target one ahead."""
    made = spawn("backend", "By hand")
    made.tree.commit("One", one="1")
    made.tree.commit("Two\n\nCcc-Status: done", two="2")
    return made


def landing(ccc: RunsCcc, session: Worked) -> tuple[str, str]:
    """Status, and the words of its landing."""
    ccc("drain", exit=0)
    shown = ccc("show", session.name, "--json", exit=0).json
    texts = [event["text"] for event in ccc("log", "--json", exit=0).json["events"]]
    return shown["status"], next((text for text in texts if text.startswith("landed")), "")


def take(repo: Repo, session: Worked, way: str) -> str:
    """Takes the branch to main by hand; the commit that has all of it."""
    branch = session.tree.git("branch", "--show-current")
    if way != "fast-forwarded":
        repo.commit("Meanwhile", meanwhile="1")
    if way == "merged":
        repo.git("merge", "--quiet", "--no-edit", branch)
    elif way == "fast-forwarded":
        repo.git("merge", "--quiet", "--ff-only", branch)
    elif way == "squashed":
        repo.git("merge", "--quiet", "--squash", branch)
        repo.git("rm", "-rqf", ".ccc/sessions")
        repo.git("commit", "-qm", "All of it")
    else:
        repo.git("cherry-pick", f"{branch}~1", branch)
    return repo.oid("main")


@pytest.mark.parametrize(
    "way",
    [
        "squashed",
        *(pytest.param(way, marks=pytest.mark.slow) for way in ("merged", "fast-forwarded", "picked")),
    ],
)
def test_work_taken_to_the_target_by_hand_is_landed(
    ready: Repo, ccc: RunsCcc, session: Worked, way: str
) -> None:
    ccc("queue", session.name, exit=0)
    ccc("drain", exit=0)
    commit = take(ready, session, way)
    after = ready.commit("Afterwards", afterwards="1")
    assert landing(ccc, session) == (
        "completed",
        f"landed backend-by-hand as {commit[:7]}: {way} outside ccc",
    )
    assert ccc("merge", exit=1).stderr.splitlines()[0] == "error: nothing is queued"
    told = ccc("inbox", "--json", exit=0).json["items"]
    assert [item["title"] for item in told] == ["main was moved outside ccc"]
    session.tree.commit("Three\n\nCcc-Status: done", three="3")
    ccc("merge", session.name, "--yes", exit=0)
    changed = ready.git("diff", "--name-only", after, "main").splitlines()
    assert [name for name in changed if not name.startswith(".ccc/sessions/")] == ["three"]
    assert ready.git("show", "main:three") == "3"
    ccc("fsck", exit=0)


@pytest.mark.slow
def test_half_of_the_work_by_hand_is_no_landing(ready: Repo, ccc: RunsCcc, session: Worked) -> None:
    ccc("drain", exit=0)
    ready.git("cherry-pick", f"{session.tree.git('branch', '--show-current')}~1")
    assert landing(ccc, session)[1] == ""
    ccc("merge", session.name, "--yes", exit=0)
    assert ready.git("show", "main:two") == "2"


@pytest.mark.slow
def test_a_brief_alone_on_the_target_is_no_landing(ready: Repo, ccc: RunsCcc, spawn: Spawns) -> None:
    empty = spawn("backend", "Empty")
    ready.git("merge", "--quiet", "--ff-only", empty.tree.git("branch", "--show-current"))
    assert landing(ccc, empty)[1] == ""


@pytest.mark.slow
@pytest.mark.parametrize("way", ["merged", "squashed", "fast-forwarded"])
def test_what_came_by_hand_is_taken_back(ready: Repo, ccc: RunsCcc, session: Worked, way: str) -> None:
    take(ready, session, way)
    ready.commit("Afterwards", afterwards="1")
    ccc("undo", session.name, exit=0)
    names = ready.git("ls-tree", "-r", "--name-only", "main").splitlines()
    assert "afterwards" in names
    assert not {"one", "two"} & set(names)


@pytest.mark.slow
def test_what_was_picked_by_hand_is_not_taken_back_by_ccc(ready: Repo, ccc: RunsCcc, session: Worked) -> None:
    before = take(ready, session, "picked")
    told = ccc("undo", session.name, exit=1).stderr
    assert "came to main in several commits: picked outside ccc" in told
    assert ready.oid("main") == before


@pytest.mark.slow
def test_what_is_picked_by_hand_and_seen_half_way_is_not_taken_for_one_commit(
    ready: Repo, ccc: RunsCcc, session: Worked
) -> None:
    """`undo` would revert the last of them only."""
    branch = session.tree.git("branch", "--show-current")
    ready.git("cherry-pick", f"{branch}~1")
    assert landing(ccc, session)[1] == ""
    ready.git("cherry-pick", branch)
    commit = ready.oid("main")
    assert landing(ccc, session) == (
        "completed",
        f"landed {session.name} as {commit[:7]}: picked outside ccc",
    )
    assert "in several commits" in ccc("undo", session.name, exit=1).stderr


@pytest.mark.slow
def test_what_is_squashed_by_hand_behind_a_squash_by_hand_is_one_commit(
    ready: Repo, ccc: RunsCcc, session: Worked
) -> None:
    take(ready, session, "squashed")
    assert landing(ccc, session)[1].endswith("squashed outside ccc")
    session.tree.commit("Three\n\nCcc-Status: done", three="3")
    ccc("drain", exit=0)
    ready.commit("Between", between="1")
    ready.git("merge", "--quiet", "--squash", session.tree.git("branch", "--show-current"))
    ready.git("rm", "-rqf", "--ignore-unmatch", ".ccc/sessions")
    ready.git("commit", "-qm", "The rest of it")
    ccc("drain", exit=0)
    commit = ready.oid("main")
    texts = [event["text"] for event in ccc("log", "--json", exit=0).json["events"]]
    assert f"landed {session.name} as {commit[:7]}: squashed outside ccc" in texts
    ccc("undo", session.name, exit=0)
    names = ready.git("ls-tree", "-r", "--name-only", "main").splitlines()
    assert "three" not in names
    assert {"one", "two", "between"} <= set(names)
