"""kill -9 of hosts and agents at random moments: the next command tells the truth, nothing is lost."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.agents.conftest import Starts
from tests.support.agents import Agent, until
from tests.support.program import RunsCcc
from tests.support.repository import Repo

KILLS = 50
SETTLED = {"running", "unknown", "failed", "starting"}
"""Unknown: killed, and nobody has brought it back yet. Never lost: each of them can be brought back."""


def commits(count: int) -> list[dict[str, Any]]:
    """Steps that commit one file after the other, each after a short while, and stay until they are ended."""
    steps: list[dict[str, Any]] = []
    for number in range(count):
        steps.append({"edit": {"path": f"part-{number}.txt", "content": f"{number}\n"}})
        steps.append({"commit": {"message": f"Part {number}"}})
        steps.append({"wait": {"seconds": 0.05}})
    return [*steps, {"wait": {"seconds": 3600}}]


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(600)
def test_fifty_kills_at_random_moments(
    ready: Repo, start: Starts, ccc: RunsCcc, diary: Callable[[], list[str]]
) -> None:
    seed = int(os.environ.get("CCC_TEST_SEED") or random.randrange(10**9))
    print(f"seed {seed}")
    chance = random.Random(seed)
    agents = [start([{"daemon": {}}, *commits(400)], task=f"Many parts {number}") for number in range(2)]
    seen: dict[str, set[str]] = {agent.name: set() for agent in agents}
    for kill in range(KILLS):
        agent = chance.choice(agents)
        go_on(agent, ccc)
        time.sleep(chance.random() * 0.6)
        strike(agent, chance)
        check(agent, ready, seen[agent.name], f"kill {kill} of seed {seed}")
    ccc("stop", "--all", exit=0)
    for agent in agents:
        until(partial(is_over, agent), f"the end of {agent.name}")
        assert agent.status()["status"] in ("stopped", "failed")
        assert len(list((agent.runs / agent.id).glob("rehearsal-*.json"))) == 1, "more than one conversation"
    ccc("drain", exit=0)
    recorded = "\n".join(diary())
    for agent in agents:
        for oid in ready.git("rev-list", f"{agent.status()['base']}..{agent.status()['branch']}").split()[
            :-1
        ]:
            assert f"committed {oid[:7]} " in recorded, f"{oid} is not recorded, seed {seed}"
    assert ccc("fsck", "--json", exit=0).json["ok"]


def is_over(agent: Agent) -> bool:
    return agent.processes() == []


def go_on(agent: Agent, ccc: RunsCcc) -> None:
    """Waits until it is back; one that was killed too often in one turn is resumed by hand."""
    if agent.becomes("running", "starting", "failed")["status"] == "failed":
        ccc("resume", agent.name, exit=0)


def strike(agent: Agent, chance: random.Random) -> None:
    """Kills the host, the agent, or both."""
    for who in chance.choice([("host",), ("agent",), ("host", "agent"), ("agent", "host")]):
        found = agent.life()[who]
        if found is not None:
            with suppress(ProcessLookupError):
                os.kill(int(found.split(" ")[0]), signal.SIGKILL)


def check(agent: Agent, ready: Repo, seen: set[str], when: str) -> None:
    """The very next command tells the truth; never two agents in one worktree; commits only become more."""
    now = agent.status()
    assert now["status"] in SETTLED, (when, now["status"], now["evidence"])
    if now["status"] == "running":
        pids = [each["what"] for each in now["evidence"] if each["source"] == "process"]
        assert pids, (when, now["evidence"])
    players = [pid for pid in agent.processes() if "ccc.engines.rehearsal" in command_line(pid)]
    assert len(players) <= 1, (when, players)
    commits_now = set(ready.git("rev-list", now["branch"]).split())
    assert seen <= commits_now, when
    seen |= commits_now


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return ""
