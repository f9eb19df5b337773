"""Several people, and ccc itself, start the same agent at the same time: one run, and the truth about it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ccc.ops.starting import AGAIN, UP_SECONDS
from tests.agents.conftest import Starts
from tests.support.agents import Agent, until
from tests.support.program import PROJECT, RunsCcc
from tests.support.repository import Repo

pytestmark = pytest.mark.slow

AT_ONCE = 5


def resume(agent: Agent, repo: Repo) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "ccc", "resume", agent.name]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    nowhere = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=repo.path, env=environment, stdout=nowhere, stderr=nowhere)


def orders(agent: Agent) -> set[Path]:
    return set((agent.runs / agent.id).glob("*/order.json"))


def never_spoke(order: Path) -> bool:
    return not (order.parent / "life.json").exists() and not (order.parent / "exit.json").exists()


def test_many_who_resume_at_once_start_one_run_which_status_shows(
    ready: Repo, start: Starts, ccc: RunsCcc
) -> None:
    agent = start([{"wait": {"seconds": 120}}])
    agent.becomes("running")
    for _ in range(2):
        ccc("stop", agent.name, exit=0)
        for process in [resume(agent, ready) for _ in range(AT_ONCE)]:
            process.wait(60)
        assert agent.status()["status"] in ("starting", "running"), agent.status()["evidence"]
        until(lambda: not any(map(never_spoke, orders(agent))), "an end of orders that nobody took")
        agent.becomes("running")


BEFORE_IT_IS_THERE = "kill -9 $$"
HAVING_HANDED_OVER = "flock '{lock}' sh -c 'sleep 0.3; kill -9 $$' </dev/null >/dev/null 2>&1 & exit 0"
DIES_FIRST = """\
#!/bin/sh
case "$*" in *ccc.host*) if {when}; then echo >> "{mark}"; {dies}; fi ;; esac
exec "{python}" "$@"
"""


@pytest.mark.parametrize("dies", [BEFORE_IT_IS_THERE, HAVING_HANDED_OVER], ids=["early", "alone"])
def test_a_host_that_is_killed_before_its_first_word_is_begun_again(
    ready: Repo, start: Starts, ccc_inline: RunsCcc, monkeypatch: pytest.MonkeyPatch, dies: str
) -> None:
    agent = start([{"wait": {"seconds": 120}}])
    agent.becomes("running")
    ccc_inline("stop", agent.name, exit=0)
    mark = dying_hosts(agent, monkeypatch, dies, '[ ! -e "{mark}" ]')
    began = time.monotonic()
    ccc_inline("resume", agent.name, exit=0)
    assert time.monotonic() - began < UP_SECONDS, "the dead one was not waited for"
    assert mark.exists()
    agent.becomes("running")
    assert len(orders(agent)) == 2


@pytest.mark.parametrize("dies", [BEFORE_IT_IS_THERE, HAVING_HANDED_OVER], ids=["early", "alone"])
def test_a_host_that_is_killed_each_time_before_its_first_word_is_given_up(
    start: Starts, ccc_inline: RunsCcc, monkeypatch: pytest.MonkeyPatch, dies: str
) -> None:
    agent = start([{"wait": {"seconds": 120}}])
    agent.becomes("running")
    ccc_inline("stop", agent.name, exit=0)
    mark = dying_hosts(agent, monkeypatch, dies, "true")
    told = ccc_inline("resume", agent.name, exit=1).stderr
    assert f"the host of {agent.name} " in told
    assert len(mark.read_text(encoding="utf-8").splitlines()) == 1 + AGAIN
    assert agent.status()["status"] == "failed"


def dying_hosts(agent: Agent, monkeypatch: pytest.MonkeyPatch, dies: str, when: str) -> Path:
    """Has hosts end in this way, as if by somebody's `kill -9`; each leaves a line in the file given back."""
    mark, program = agent.runs.parent / "killed", agent.runs.parent / "dies-first"
    lock = agent.runs / agent.id / "lock"
    text = DIES_FIRST.format(
        when=when.format(mark=mark), mark=mark, dies=dies.format(lock=lock), python=sys.executable
    )
    program.write_text(text, encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    return mark


def test_an_order_that_was_killed_with_its_starter_is_no_run(
    ready: Repo, start: Starts, ccc: RunsCcc
) -> None:
    agent = start([{"wait": {"seconds": 120}}])
    agent.becomes("running")
    ccc("stop", agent.name, exit=0)
    known = orders(agent)
    ccc("resume", agent.name, env={"CCC_TEST_STOP_AT": "start-reserved"}, exit=-signal.SIGKILL)
    (order,) = orders(agent) - known
    assert never_spoke(order)
    assert agent.status()["status"] == "stopped"
    ccc("resume", agent.name, exit=0)
    agent.becomes("running")
