"""Rate limits that an engine does not wait for: parked, taken up again by itself, staggered, cancellable."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ccc.domain.parking import spread
from tests.agents.conftest import Starts
from tests.support.agents import until
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = pytest.mark.slow

Diary = Callable[[], list[str]]

LATER = {"limit": {"gives_up": True, "until": "2030-01-01T00:00:00Z"}}
AFTER = {"edit": {"path": "after.txt", "content": "after\n"}}


def test_a_parked_session_goes_on_after_the_reset_in_the_same_conversation(
    start: Starts, ready: Repo, diary: Diary
) -> None:
    ready.write(".ccc/config.toml", '[limits]\nstagger = "1s"\n')
    agent = start([{"limit": {"gives_up": True, "seconds": 4}}, AFTER])
    now = agent.becomes("limited")
    assert now["evidence"][0]["what"] == "parked: a rehearsed rate limit"
    assert any(each["what"].startswith("until 20") for each in now["evidence"])
    until((agent.path / "after.txt").exists, "the rest of the turn")
    assert agent.life()["restarts"] == 0
    until(lambda: f"{agent.name}: resumed rehearsal" in diary(), "the fact")
    assert any("limited: parked: a rehearsed rate limit, until 20" in line for line in diary())


def test_a_parked_session_has_no_process_and_a_person_takes_it_up_at_once(
    start: Starts, ccc: RunsCcc
) -> None:
    agent = start([LATER, AFTER])
    agent.becomes("limited")
    until(lambda: agent.life()["agent"] is None, "the rest of its process")
    assert agent.processes() == []
    assert agent.status()["status"] == "limited"
    ccc("resume", agent.name, exit=0)
    until((agent.path / "after.txt").exists, "the rest of the turn")


def test_one_that_was_paused_while_it_was_parked_goes_on_at_once_for_a_person(
    start: Starts, ccc: RunsCcc
) -> None:
    agent = start([LATER, AFTER])
    agent.becomes("limited")
    until(lambda: agent.life()["agent"] is None, "the rest of its process")
    (item,) = ccc("inbox", "--json", exit=0).json["items"]
    assert item["command"] == f"git ccc resume {agent.name}"
    assert item["text"] == "parked: a rehearsed rate limit, until 2030-01-01 00:00 UTC"
    told = ccc("send", agent.name, "Hello", exit=0).stdout
    assert told.endswith(": it is limited until 2030-01-01 00:00 UTC, and gets it when it goes on\n")
    ccc("pause", agent.name, exit=0)
    assert "it was parked" in ccc("resume", agent.name, exit=0).stdout
    until((agent.path / "after.txt").exists, "the rest of the turn")


@pytest.mark.parametrize("command", ["stop", "close"])
def test_parking_can_be_given_up(start: Starts, ccc: RunsCcc, command: str) -> None:
    agent = start([LATER, AFTER])
    agent.becomes("limited")
    until(lambda: agent.life()["agent"] is None, "the rest of its process")
    ccc(command, agent.name, exit=0)
    assert not (agent.path / "after.txt").exists()
    status = ccc("status", "--all", "--json", exit=0).json["sessions"][0]["status"]
    assert status == {"stop": "stopped", "close": "closed"}[command]


def test_sessions_parked_until_the_same_moment_go_on_one_after_the_other() -> None:
    moments = [spread(f"{number:08x}", 60.0) for number in range(0, 2**32, 2**29)]
    assert moments == [number * 7.5 for number in range(8)]
