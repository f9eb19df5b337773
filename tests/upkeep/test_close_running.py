"""Closing a session in which an agent works."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccc.domain.sessions import Session
from ccc.ops.find import find
from ccc.ops.look import Sighting, look
from tests.support.program import RunsCcc
from tests.upkeep.conftest import Place

ENGINE = """\
[engines.sleeper]
command = ["sh", "-c", "echo begun >begun; echo begun; exec sleep 600"]
"""
LIMIT = 20.0


@pytest.fixture
def working(place: Place, ccc: RunsCcc) -> Iterator[Session]:
    """A session whose agent is in the middle of its turn."""
    place.repo.commit("Configure", {".ccc/config.toml": ENGINE})
    made = ccc("spawn", "backend", "JWT auth", "--engine", "sleeper", "--json", exit=0).json["sessions"][0]
    session = place.session(made["name"])
    begun, until = Path(made["worktree"]) / "begun", time.monotonic() + LIMIT
    while not (begun.exists() and sighted(place, session).view.status == "running"):
        assert time.monotonic() < until, sighted(place, session)
        time.sleep(0.02)
    yield session
    ccc("stop", "--all")


def sighted(place: Place, session: Session) -> Sighting:
    picture = look(place.workspace)
    return picture.of(find(session.id, picture.sessions))


@pytest.mark.slow
@pytest.mark.cold
def test_a_session_in_the_middle_of_a_turn_is_not_closed(
    place: Place, working: Session, ccc: RunsCcc
) -> None:
    refused = ccc("close", working.name, exit=1)
    assert refused.stderr == (
        f"error: {working.name} is in the middle of a turn\nhint: git ccc stop {working.name}\n"
    )
    assert sighted(place, working).view.status == "running"
    ccc("stop", working.name, exit=0)
    ccc("close", working.name, exit=0)
    assert not Path(working.worktree or "").exists()


@pytest.mark.slow
@pytest.mark.cold
def test_closing_ends_an_agent_that_stands_still_and_keeps_what_it_wrote(
    place: Place, working: Session, ccc: RunsCcc
) -> None:
    ccc("pause", working.name, exit=0)
    agent = (sighted(place, working).life or pytest.fail("there is no agent")).agent
    closed = ccc("close", working.name, "--json", exit=0).json
    assert not Path(f"/proc/{agent}").exists()
    assert place.repo.git("show", f"{closed['backup']}:begun") == "begun"
    assert "its turn was cut off where it was paused" in closed["sessions"][0]["remarks"]
    assert sighted(place, working).view.status == "closed"
    ccc("undo", working.name, exit=0)
    [evidence] = sighted(place, working).view.evidence
    assert evidence.what == "stopped when the session was closed"
