"""Several people, and ccc itself, start the same agent at the same time: one run, and the truth about it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from ccc.platform import trees
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


DIES_FIRST = """\
#!/bin/sh
case "$*" in *ccc.host*) if [ ! -e "{mark}" ]; then touch "{mark}"; kill -9 $$; fi ;; esac
exec "{python}" "$@"
"""


def test_a_host_that_is_killed_before_it_is_there_is_begun_again(
    ready: Repo, start: Starts, ccc_inline: RunsCcc, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = start([{"wait": {"seconds": 120}}])
    agent.becomes("running")
    ccc_inline("stop", agent.name, exit=0)
    mark, program = ready.path.parent / "killed", ready.path.parent / "dies-first"
    program.write_text(DIES_FIRST.format(mark=mark, python=sys.executable), encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    ccc_inline("resume", agent.name, exit=0)
    assert mark.exists()
    agent.becomes("running")
    assert len(orders(agent)) == 2


def test_an_order_that_was_killed_with_its_starter_is_no_run(
    ready: Repo, start: Starts, ccc: RunsCcc
) -> None:
    agent = start([{"wait": {"seconds": 120}}])
    agent.becomes("running")
    ccc("stop", agent.name, exit=0)
    known = orders(agent)
    starter = resume(agent, ready)
    until(lambda: orders(agent) > known, "the order")
    os.kill(starter.pid, signal.SIGSTOP)
    for pid in (*trees.descendants(starter.pid), starter.pid):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    starter.wait(60)
    (order,) = orders(agent) - known
    assert never_spoke(order), "the host was quicker than this test"
    assert agent.status()["status"] == "stopped"
    ccc("resume", agent.name, exit=0)
    agent.becomes("running")
