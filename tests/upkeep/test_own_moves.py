"""What ccc itself does to a session's branch is not told as done by somebody else."""

from __future__ import annotations

import shutil

import pytest

from ccc.domain.sessions import Session
from ccc.ops import intents
from tests.support.program import RunsCcc
from tests.upkeep.conftest import Place, status_of

pytestmark = pytest.mark.slow


@pytest.fixture
def done(place: Place) -> Session:
    """A session that has one commit to land; no drain runs in the background."""
    place.workspace.layout.drain_script.write_text("#!/bin/sh\n")
    session = place.spawn()
    place.tree(session).commit("Add login", {"login": "one\n"})
    return place.session(session.name)


def moves(place: Place, ccc: RunsCcc) -> list[str]:
    """The events and messages that a session's branch was moved from outside."""
    ccc("drain", exit=0)
    items = ccc("inbox", "--json", exit=0).json["items"]
    events = [line for line in place.subjects() if "not by its own worktree" in line]
    return [*events, *(one["title"] for one in items if "from outside" in one["title"])]


def lose(place: Place, session: Session) -> None:
    shutil.rmtree(place.tree(session).path)


def stray(place: Place, session: Session) -> None:
    place.tree(session).git("checkout", "-q", "-b", "other")


WHERE = {"gone": lose, "on another branch": stray}


@pytest.mark.parametrize("where", WHERE)
def test_a_landing_whose_session_has_no_worktree_on_its_branch(
    place: Place, done: Session, ccc_inline: RunsCcc, where: str
) -> None:
    WHERE[where](place, done)
    place.land(done)
    landed = place.session(done.name).landed
    assert landed is not None
    assert landed.advanced == place.repo.oid(done.branch)
    assert moves(place, ccc_inline) == []
    ccc_inline("undo", done.name, exit=0)
    assert place.repo.oid(done.branch) == done.head
    assert moves(place, ccc_inline) == []


def test_a_branch_that_is_brought_along_later(place: Place, done: Session, ccc_inline: RunsCcc) -> None:
    place.repo.commit("Meanwhile", {"in/the/way": "theirs\n"})
    place.tree(done).write("in/the/way", "mine\n")
    place.land(done)
    assert place.repo.oid(done.branch) == done.head
    assert intents.read(place.workspace.layout) is None
    lose(place, done)
    place.killed_at("land-advanced", "undo", done.name)
    assert moves(place, ccc_inline) == []
    assert place.repo.oid(done.branch) != done.head
    assert intents.read(place.workspace.layout) is None


@pytest.mark.parametrize(
    "point", ["undo-swapped", "undo-checked-out", "undo-branch-moved", "undo-branch-back", "undo-recorded"]
)
@pytest.mark.parametrize("where", ["there", *WHERE])
def test_what_is_recorded_while_a_landing_is_being_undone(
    place: Place, done: Session, ccc_inline: RunsCcc, point: str, where: str
) -> None:
    place.land(done)
    WHERE.get(where, lambda _, __: None)(place, done)
    place.killed_at(point, "undo", done.name)
    before = place.subjects()
    place.workspace.store.drain()
    assert place.subjects() == before
    assert moves(place, ccc_inline) == []
    assert place.repo.oid(done.branch) == place.session(done.name).head == done.head
    if where == "there":
        assert status_of(place.tree(done)) == f"## {done.branch}\0"


@pytest.mark.parametrize("point", ["land-advancing", "undo-branch-moved"])
def test_somebody_elses_commit_meanwhile_is_told(
    place: Place, done: Session, ccc_inline: RunsCcc, point: str
) -> None:
    place.workspace.store.drain()
    if point == "land-advancing":
        from ccc.ops.landing.approve import approve
        from ccc.ops.landing.review import review

        approve(place.workspace, review(place.workspace, done.id), override="the test says so")
        place.killed_at(point, "merge", done.name, "--yes")
    else:
        place.land(done)
        place.killed_at(point, "undo", done.name)
    message = "Go on after landing\n\nCcc-Advance: x\n"
    other = place.repo.git("commit-tree", f"{done.branch}^{{tree}}", "-p", done.branch, stdin=message)
    place.repo.git("update-ref", f"refs/heads/{done.branch}", other)
    assert f"{done.branch} was moved from outside its session's worktree" in moves(place, ccc_inline)
