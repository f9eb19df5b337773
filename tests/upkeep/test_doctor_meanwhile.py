"""What goes on while doctor looks is no fault, and nothing that it says leads to harm."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from ccc.ops import leftovers
from ccc.ops.closing import alone
from ccc.ops.doctor import trees
from ccc.ops.doctor.records import interrupted
from ccc.ops.intents import LAND_LOCK
from ccc.ops.leftovers import Claim
from ccc.ops.workspace import Workspace
from ccc.platform import processes
from ccc.store.lock import locked
from tests.upkeep.conftest import Place
from tests.upkeep.test_doctor import die_while_landing


def wrong(place: Place) -> list[str]:
    workspace = place.workspace
    looks = (trees.sessions, trees.unregistered, interrupted)
    return [found.what for look in looks for found in look(workspace) if not found.ok]


def test_a_closing_that_goes_on_was_not_interrupted(place: Place) -> None:
    session = place.spawn()
    place.killed_at("close-recorded", "close", session.name)
    assert wrong(place) == [f"closing {session.name} was interrupted"]
    with alone(place.workspace, session):
        assert wrong(place) == []


def test_a_worktree_whose_closing_goes_on_is_not_missed(place: Place) -> None:
    session = place.spawn()
    shutil.rmtree(place.tree(session).path)
    assert [words.split(",")[0] for words in wrong(place)] == [f"nothing at {session.worktree}"]
    with alone(place.workspace, session):
        assert wrong(place) == []


def test_a_landing_that_goes_on_was_not_interrupted(place: Place) -> None:
    die_while_landing(place)
    assert wrong(place) == ["a landing on main was interrupted"]
    with locked(place.workspace.layout.root / LAND_LOCK):
        assert wrong(place) == []


def test_a_session_made_while_doctor_looks_is_no_stranger(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    unsettled = leftovers.unsettled

    def and_one_more(workspace: Workspace) -> list[Claim]:
        found = unsettled(workspace)
        who = processes.own_identity()
        claim = Claim("backend-new", "7" * 32, "backend", "ccc/backend/new", Path(os.devnull), who)
        leftovers.claim(workspace.layout.worktrees / claim.name, claim)
        return found

    monkeypatch.setattr(leftovers, "unsettled", and_one_more)
    assert wrong(place) == []
