"""Closing, bringing back and taking ccc out by many at the same moment: one does it, the others are told."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from ccc.errors import NotFound
from ccc.ops import retire as retiring
from ccc.ops.close import close, finish
from ccc.ops.closing import alone
from ccc.ops.init import deinit
from ccc.ops.reopen import reopen
from tests.support.program import RunsCcc
from tests.support.together import together
from tests.upkeep.conftest import Place, content_of

FEW, MANY = 0.3, 4


def last_lines(told: Sequence[str]) -> list[str]:
    return [words.strip().splitlines()[-1].removeprefix("ccc.errors.") for words in told]


def test_a_closing_waits_for_another_one(place: Place, ccc_inline: RunsCcc) -> None:
    session = place.spawn()
    workspace = place.workspace
    with ThreadPoolExecutor() as pool, contextlib.ExitStack() as stack:
        now = stack.enter_context(alone(workspace, session))
        later = pool.submit(lambda: close(place.workspace, session))
        with pytest.raises(TimeoutError):
            later.result(FEW)
        finish(workspace, now)
        stack.close()
        words = str(later.exception(60))
    assert words == f"{session.name} is closed already"
    assert list((workspace.layout.root / "closing").glob(session.id)) == []


@pytest.mark.slow
def test_of_many_closings_and_reopenings_at_once_one_is_done(place: Place) -> None:
    session = place.spawn()
    tree = place.tree(session)
    tree.write("late", "not committed\n")
    before = content_of(tree.path)
    told = together([lambda: close(place.workspace, session)] * MANY)
    assert last_lines(told) == [f"Refused: {session.name} is closed already"] * (MANY - 1)
    assert not tree.path.exists()
    closed = place.session(session.name)
    told = together([lambda: reopen(place.workspace, closed)] * MANY)
    assert last_lines(told) == [f"Refused: {session.name} is not closed"] * (MANY - 1)
    assert content_of(tree.path) == before
    ends = [
        line.partition(": ")[2].split(",")[0]
        for line in place.subjects()
        if "reopen" in line or "closed" in line
    ]
    assert [words.split()[0] for words in ends] == ["closed", "reopened"]


def test_doctor_leaves_a_session_alone_that_is_brought_back(place: Place, ccc_inline: RunsCcc) -> None:
    session = place.spawn()
    place.killed_at("close-recorded", "close", session.name)  # half closed, as one is that is half reopened
    with ThreadPoolExecutor() as pool, contextlib.ExitStack() as stack:
        now = stack.enter_context(alone(place.workspace, session))
        later = pool.submit(lambda: ccc_inline("doctor", "--fix"))
        with pytest.raises(TimeoutError):
            later.result(FEW)
        finish(place.workspace, now)
        stack.close()
        assert "finished closing" not in later.result(60).stdout


def test_a_session_that_is_being_brought_back_is_not_retired(place: Place) -> None:
    session = place.spawn()
    close(place.workspace, session)
    with alone(place.workspace, session):
        planned = retiring.plan(place.workspace, 0.0)
        assert [each.why for each in planned.staying] == ["closing or undoing it is not finished"]
    assert retiring.plan(place.workspace, 0.0).staying == ()


def test_a_session_that_was_retired_meanwhile_is_not_brought_back(place: Place) -> None:
    session = place.spawn()
    place.tree(session).write("late", "not committed\n")
    close(place.workspace, session)
    closed, workspace = place.session(session.name), place.workspace
    retiring.retire(workspace, retiring.plan(workspace, 0.0), yes=True)
    with pytest.raises(NotFound, match=f"^{session.name} was retired "):
        reopen(place.workspace, closed)
    assert not place.tree(session).path.exists()
    assert list(workspace.layout.worktrees.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("purge", [False, True])
def test_of_many_that_take_ccc_out_one_does(place: Place, purge: bool) -> None:
    common = place.repo.common
    told = together([lambda: deinit(place.workspace, purge=purge, yes=purge)] * MANY)
    assert len(told) == MANY - 1, told
    assert {words.partition(": ")[0] for words in last_lines(told)} == {"NotInitialised"}
    assert list(common.glob("ccc*.lock*")) == []
    assert (common / "ccc").exists() is not purge
