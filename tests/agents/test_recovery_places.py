"""Who was killed keeps its place: recovery, whoever does it and dies of it, never exceeds `parallel`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.agents.conftest import Starts
from tests.agents.killing import (
    at_work,
    kill,
    lives,
    lookouts_of,
    no_drain_is_left,
    order,
    rebooted,
    runs_of,
    strand,
    taken_up,
)
from tests.agents.test_capacity import Watch, living
from tests.support.agents import DONE, Agent, until
from tests.support.program import PROJECT, RunsCcc
from tests.support.repository import Repo

pytestmark = pytest.mark.slow

WORKS: list[dict[str, Any]] = [
    {"edit": {"path": "one", "content": "1"}},
    {"wait": {"file": "go"}},
    *DONE,
]
RECOVER = [sys.executable, "-m", "ccc", "drain", "--recover"]
SPAWN = [sys.executable, "-m", "ccc", "spawn", "backend", "Another", "--json"]
NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="a mount namespace of its own needs root")


def alone(agent: Agent, ready: Repo) -> None:
    """Waits until the agent is at work and no background process of ccc is there to bring it back."""
    at_work(agent)
    said = f"{agent.name}: started rehearsal"
    until(lambda: said in ready.git("log", "--format=%s", "refs/ccc").splitlines(), "its first fact")
    no_drain_is_left(ready)


def played(tmp_path: Path) -> tuple[str, str]:
    """The options for another session that plays what the first one does."""
    return "--engine", f"rehearsal:{tmp_path / 'script-0.yml'}"


def test_the_place_of_one_whose_recovery_died_half_way_is_nobody_elses(
    ready: Repo, start: Starts, ccc: RunsCcc
) -> None:
    ready.write(".ccc/config.toml", "[limits]\nparallel = 1\n")
    agent = start(WORKS)
    alone(agent, ready)
    watch = Watch(agent.runs)
    with watch.counting():
        strand(agent, ready)
        died = ccc("drain", "--recover", env={"CCC_TEST_STOP_AT": "start-reserved"})
        assert died.exit == -signal.SIGKILL, died
        other = start(WORKS, task="Another")
        until(lambda: agent.id in living(agent.runs), "the agent that was killed")
        assert other.status()["status"] == "queued"
        ccc("stop", "--all", exit=0)
    assert watch.most == 1, watch.seen
    assert watch.order == [agent.id]


@NEEDS_ROOT
def test_nobody_takes_the_place_of_those_that_a_shutdown_ended(
    ready: Repo, start: Starts, tmp_path: Path
) -> None:
    ready.write(".ccc/config.toml", "[limits]\nparallel = 1\n")
    agent = start(WORKS)
    alone(agent, ready)
    host = agent.pid("host")
    for pid in (*lookouts_of(ready), host):
        os.kill(pid, signal.SIGTERM)
    until(lambda: not lookouts_of(ready), "the end of the lookout, which starts drains")
    until((agent.runs / agent.id / "1" / "exit.json").exists, "the end by the shutdown")
    until(lambda: not lives(host), "the end of the host, which starts a drain last")
    no_drain_is_left(ready)  # none outlives a boot
    seen_anew = rebooted(tmp_path / "boot_id", *SPAWN, *played(tmp_path))
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(
        seen_anew, cwd=ready.path, env=environment, capture_output=True, text=True, timeout=60
    )
    assert '"status": "queued"' in done.stdout, done
    taken_up(agent, 2)
    assert living(agent.runs) == {agent.id}
    os.kill(agent.pid("host"), signal.SIGKILL)


def test_many_who_recover_and_spawn_at_once_exceed_no_limit(
    ready: Repo, start: Starts, ccc: RunsCcc, tmp_path: Path
) -> None:
    ready.write(".ccc/config.toml", "[limits]\nparallel = 2\n")
    agents = [start(WORKS, task=f"Part {number}") for number in range(2)]
    for agent in agents:
        alone(agent, ready)
    waits = start(WORKS, task="Waits")
    watch = Watch(waits.runs)
    with watch.counting():
        for agent in agents:
            os.kill(agent.pid("host"), signal.SIGKILL)
        commands = [RECOVER, RECOVER, [*SPAWN, *played(tmp_path), "--count", "2"], RECOVER]
        running = [subprocess.Popen(each, cwd=ready.path, stdout=subprocess.DEVNULL) for each in commands]
        assert [each.wait(timeout=120) for each in running] == [0] * len(commands)
        for agent in agents:
            taken_up(agent, 2)
        ccc("stop", "--all", exit=0)
    assert watch.most == 2, watch.seen
    assert [runs_of(agent) for agent in agents] == [[1, 2], [1, 2]]


def test_a_parked_session_whose_host_is_killed_is_parked_again_and_goes_on_at_the_reset(
    ready: Repo, start: Starts, ccc: RunsCcc
) -> None:
    ready.write(".ccc/config.toml", '[limits]\nstagger = "1s"\n')
    limit = {"limit": {"gives_up": True, "seconds": 7}}
    agent = start([limit, {"edit": {"path": "after", "content": "1"}}, *DONE])
    agent.becomes("limited")
    until(lambda: agent.life()["until"] and agent.life()["agent"] is None, "the rest of its process")
    reset = agent.life()["until"]
    kill(agent)
    ccc("drain", "--recover", exit=0)
    until((agent.runs / agent.id / "2" / "life.json").exists, "its second run")
    until(lambda: agent.life(2)["phase"] == "limited", "its second parking")
    again = agent.status()
    assert again["status"] == "limited"
    assert again["evidence"][0]["what"] == "parked: a rehearsed rate limit"
    assert agent.life(2)["agent"] is None
    assert not (agent.path / "after").exists()
    assert reset[:19] <= agent.life(2)["until"][:19], "not before the reset"
    agent.becomes("unchecked")
    assert order(agent, 2)["conversation"] == order(agent, 1)["conversation"]
    assert runs_of(agent) == [1, 2]
