"""Every status that an agent can bring about, each by changing what is so; the same in every interface."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

from tests.agents.conftest import Starts
from tests.support.agents import DONE, Agent, until
from tests.support.interfaces import same_everywhere
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = pytest.mark.slow

Brings = Callable[[Agent, RunsCcc], None]

STAYS = [{"wait": {"seconds": 300}}]


def nothing(agent: Agent, ccc: RunsCcc) -> None:
    """Its script alone brings it there."""


def stopped(agent: Agent, ccc: RunsCcc) -> None:
    agent.becomes("running")
    ccc("stop", agent.name, exit=0)


def paused(agent: Agent, ccc: RunsCcc) -> None:
    agent.becomes("running")
    ccc("pause", agent.name, exit=0)


def lost(agent: Agent, ccc: RunsCcc) -> None:
    """Killed, and nobody can bring it back: the file that says what it was to do is gone."""
    agent.becomes("running")
    for order in (agent.runs / agent.id).glob("*/order.json"):
        order.unlink()
    os.kill(agent.pid("host"), signal.SIGKILL)


def hung(agent: Agent, ccc: RunsCcc) -> None:
    agent.becomes("running")
    os.kill(agent.pid("host"), signal.SIGSTOP)


def parked(agent: Agent, ccc: RunsCcc) -> None:
    """Its process is gone, and its host waits for the reset."""
    until(lambda: agent.life()["agent"] is None and agent.life()["phase"] == "limited", "the rest")


def crashed(agent: Agent, ccc: RunsCcc) -> None:
    """Twice, so that it waits before it starts again."""
    until(lambda: agent.life()["restarts"] >= 2, "two restarts")


def landed(agent: Agent, ccc: RunsCcc) -> None:
    agent.becomes("unchecked")
    ccc("merge", agent.name, "--yes", exit=0)


def closed(agent: Agent, ccc: RunsCcc) -> None:
    agent.becomes("idle")
    ccc("close", agent.name, exit=0)


CASES: dict[str, tuple[list[dict[str, Any]], Brings]] = {
    "running": (STAYS, nothing),
    "idle": ([{"say": "my turn is over"}], nothing),
    "waiting": (
        [{"request": {"kind": "permission", "text": "May I?", "choices": ["allow", "deny"]}}],
        nothing,
    ),
    "limited": ([{"limit": {"seconds": 300, "until": "2030-01-01T00:00:00Z"}}], nothing),
    "limited and parked": ([{"limit": {"gives_up": True, "until": "2030-01-01T00:00:00Z"}}], parked),
    "starting": ([{"crash": {"exit": 3, "always": True}}], crashed),
    "paused": (STAYS, paused),
    "paused by a budget": ([{"use": {"input": 1100}}, *STAYS], nothing),
    "unchecked": (DONE, nothing),
    "completed": (DONE, landed),
    "failed": ([{"fail": "it is broken"}], nothing),
    "stopped": (STAYS, stopped),
    "lost": (STAYS, lost),
    "unknown": (STAYS, hung),
    "closed": ([{"say": "my turn is over"}], closed),
}


OPTIONS = {"paused by a budget": ("--budget", "1ktok")}


@pytest.mark.parametrize("case", CASES)
def test_a_status_is_the_same_in_every_interface(case: str, start: Starts, ccc: RunsCcc, ready: Repo) -> None:
    (steps, bring), status = CASES[case], case.partition(" ")[0]
    agent = start(steps, options=OPTIONS.get(case, ()))
    bring(agent, ccc)
    if status != "closed":
        agent.becomes(status)
    assert same_everywhere(ready, ccc, agent.name)["status"] == status
    if status == "unknown":
        os.kill(agent.pid("host"), signal.SIGCONT)
