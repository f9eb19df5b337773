"""Every status that an agent can bring about, each by changing what is so; the same in every interface."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

from ccc.ops.look import look
from ccc.ops.workspace import Workspace
from tests.agents.conftest import Starts
from tests.servers.conftest import door_at
from tests.support.agents import DONE, Agent
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
    agent.becomes("running")
    os.kill(agent.pid("host"), signal.SIGKILL)


def hung(agent: Agent, ccc: RunsCcc) -> None:
    """A host that stands still beats no more; its file is made old, as half a minute would make it."""
    agent.becomes("running")
    os.kill(agent.pid("host"), signal.SIGSTOP)
    for beat in (agent.runs / agent.id).glob("*/life.json"):
        os.utime(beat, (beat.stat().st_atime, beat.stat().st_mtime - 60))


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
    "paused": (STAYS, paused),
    "unchecked": (DONE, nothing),
    "completed": (DONE, landed),
    "failed": ([{"crash": {"exit": 3, "always": True}}], nothing),
    "stopped": (STAYS, stopped),
    "lost": (STAYS, lost),
    "unknown": (STAYS, hung),
    "closed": ([{"say": "my turn is over"}], closed),
}


@pytest.mark.parametrize("status", CASES)
def test_a_status_is_the_same_in_every_interface(
    status: str, start: Starts, ccc: RunsCcc, ready: Repo
) -> None:
    steps, bring = CASES[status]
    agent = start(steps)
    bring(agent, ccc)
    if status == "closed":
        document = ccc("status", "--all", "--json", exit=0).json["sessions"][0]
    else:
        document = agent.becomes(status)
    assert document["status"] == status
    assert document["evidence"], "a status without evidence"
    shown = ccc("show", agent.name, "--json", exit=0).json
    assert (shown["status"], shown["since"]) == (document["status"], document["since"])
    assert f" {status} " in f"{ccc('status', '--all', exit=0).stdout} ".replace("\n", " ")
    workspace = Workspace.open(ready.path, dict(os.environ))
    seen = look(workspace).sightings[0].view
    assert (seen.status, seen.since) == (document["status"], document["since"])
    listed = door_at(ready)("list_workers", all=True, full=True).json["sessions"]
    worker = next(each for each in listed if each["id"] == agent.id)
    assert (worker["status"], worker["since"]) == (document["status"], document["since"])
    if status == "unknown":
        os.kill(agent.pid("host"), signal.SIGCONT)
