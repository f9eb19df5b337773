"""A process that stays looks again: it keeps what is still true, and nothing else."""

from __future__ import annotations

import os
import random
import shutil
import time
from pathlib import Path
from typing import Any

from ccc.domain.sessions import Closed, Session
from ccc.git.command import Git
from ccc.git.heads import YOUNG_NS, branches
from ccc.ops.look import Sighting, look
from ccc.ops.roster import Roster, nobody, renewed
from ccc.ops.show import show
from ccc.ops.sight import FEW, worktrees
from tests.support.repository import Repo
from tests.upkeep.adopting import take
from tests.upkeep.conftest import Place
from tests.views.making import AT, session

CLOSED = {"closed": Closed("completed", "refs/ccc-backup/x/1", AT)}


def seen(place: Place, name: str) -> Sighting:
    return next(each for each in look(place.workspace).sightings if each.session.name == name)


def test_what_changes_between_two_looks_is_seen(place: Place) -> None:
    place.repo.git("branch", "topic")
    session = take(place, "topic")
    tree = place.tree(session)
    kept = seen(place, session.name)
    assert kept.view.status == "created"
    again = seen(place, session.name)
    assert (again.view.status, again.view.evidence) == (kept.view.status, kept.view.evidence)
    assert kept.view.since < kept.as_of <= again.as_of
    tree.git("switch", "--create", "elsewhere")
    assert "on branch elsewhere" in seen(place, session.name).view.evidence[-1].what
    tree.git("switch", "topic")
    assert seen(place, session.name).view.evidence == kept.view.evidence
    tree.commit("Do it", {"src/new.py": "1\n"})
    assert seen(place, session.name).view.status == "running"
    tree.path.rename(tree.path.with_name("away"))
    assert seen(place, session.name).view.status == "lost"
    tree.path.with_name("away").rename(tree.path)
    assert seen(place, session.name).view.status == "running"


def test_what_was_changed_is_told_anew_when_a_session_goes_on(place: Place) -> None:
    place.repo.git("branch", "topic")
    session = take(place, "topic")
    tree = place.tree(session)
    for number in (1, 2):
        tree.commit(f"Part {number}", {f"src/{number}.py": "1\n"})
        for _ in range(2):
            shown = show(place.workspace, session.name)
            assert [commit.subject for commit in shown.commits][-1] == f"Part {number}"
            assert [change.path for change in shown.files][-1] == f"src/{number}.py"


def test_packed_branches_are_read_again_when_git_packs_again(repo: Repo) -> None:
    repo.commit("One")
    for name in ("a", "b", "c"):
        repo.git("branch", name)
        repo.git("pack-refs", "--all")
        packed = repo.common / "packed-refs"
        past = time.time_ns() - 2 * YOUNG_NS
        os.utime(packed, ns=(past, past))
        for _ in range(2):
            assert f"refs/heads/{name}" in branches(Git(repo.common), repo.common)


def test_of_many_folders_those_that_are_there_are_told_apart(tmp_path: Path) -> None:
    for number in range(3 * FEW):
        (tmp_path / f"tree-{number}" / ".git").mkdir(parents=True)
    (tmp_path / "bare").mkdir()
    (tmp_path / "früh" / ".git").mkdir(parents=True)
    shutil.rmtree(tmp_path / "tree-20")
    numbered = [str(tmp_path / f"tree-{number}") for number in range(3 * FEW + 5)]
    others = [str(tmp_path / name) for name in ("früh", "bare")]
    gone = [str(tmp_path / "gone" / str(number)) for number in range(2 * FEW)]
    there = worktrees(roster([*numbered, *others, *gone, ""]))
    assert there == {*numbered[: 3 * FEW], others[0]} - {numbered[20]}
    assert worktrees(roster(numbered[:FEW])) == set(numbered[:FEW])
    if os.geteuid() != 0:
        tmp_path.chmod(0o100)
        assert worktrees(roster(numbered)) == {*numbered[: 3 * FEW]} - {numbered[20]}
        tmp_path.chmod(0o700)


def roster(worktrees: list[str]) -> Roster:
    made = {str(number): session(id=str(number), worktree=path) for number, path in enumerate(worktrees)}
    return renewed(nobody(), made, "here")


def test_a_roster_that_takes_over_rows_equals_one_made_anew() -> None:
    dice = random.Random(7)
    things: dict[str, Session | None] = {}
    kept = nobody()
    for number in range(200):
        name = str(number if dice.random() < 0.2 else dice.randrange(number + 1))
        changes: dict[str, Any] = dice.choice(
            ({"where": "there"}, {"head": str(number)}, {"stage": "made"}, CLOSED, {})
        )
        things = {**things, name: session(id=name, **{"worktree": f"/src/{number}"} | changes)}
        if dice.random() < 0.1:
            del things[dice.choice(list(things))]
        kept = renewed(kept, things, "here")
        assert kept == renewed(nobody(), things, "here")
    assert len(kept.sessions) > 10
