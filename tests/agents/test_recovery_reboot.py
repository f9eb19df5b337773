"""After a reboot: other boot id, nothing of before alive. Played in a mount namespace of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.agents.conftest import Starts
from tests.agents.killing import (
    OTHER_BOOT,
    at_work,
    kill,
    no_lookout_is_left,
    order,
    rebooted,
    runs_of,
    strand,
    taken_up,
)
from tests.support.agents import DONE, until
from tests.support.program import PROJECT, RunsCcc
from tests.support.repository import Repo

WORKS = [{"edit": {"path": "one", "content": "1"}}, {"wait": {"file": "go"}}, *DONE]
NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="a mount namespace of its own needs root")


@pytest.mark.slow
@NEEDS_ROOT
def test_a_reboot_brings_back_what_was_at_work_and_nothing_else(
    start: Starts, ccc: RunsCcc, ready: Repo, tmp_path: Path
) -> None:
    """One is killed by the power cut, one by the shutdown's SIGTERM; one was stopped by a person."""
    cut, shut, stopped = (start(WORKS, task=task) for task in ("Cut", "Shut", "Stopped"))
    for agent in (cut, shut, stopped):
        at_work(agent)
    ccc("stop", stopped.name, exit=0)
    os.kill(shut.pid("host"), signal.SIGTERM)
    until((shut.runs / shut.id / "1" / "exit.json").exists, "the end by the shutdown")
    assert shut.status()["status"] == "stopped", "a signal without a reboot is an end"
    os.kill(cut.pid("host"), signal.SIGSTOP)  # it would start another lookout
    no_lookout_is_left(ready)
    kill(cut)
    other = tmp_path / "boot_id"
    done = subprocess.run(
        rebooted(other, sys.executable, "-m", "ccc", "drain", "--recover"),
        cwd=ready.path,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    said = sorted(done.stdout.splitlines())
    assert said == [
        f"resumed {cut.name}: the machine was started anew, run 2 goes on",
        f"resumed {shut.name}: the machine was started anew, run 2 goes on",
    ], done
    for agent in (cut, shut):
        taken_up(agent, 2)
        assert order(agent, 2)["conversation"] == order(agent, 1)["conversation"]
        assert "(the machine was started anew)" in order(agent, 2)["prompt"]
        assert agent.life(2)["host"].endswith(OTHER_BOOT.strip())
    assert runs_of(stopped) == [1]
    for agent in (cut, shut):
        os.kill(agent.pid("host"), signal.SIGKILL)


@pytest.mark.slow
def test_the_command_of_the_service_brings_sessions_back_in_a_bare_environment(
    start: Starts, ccc: RunsCcc, ready: Repo, tmp_path: Path
) -> None:
    agent = start(WORKS)
    at_work(agent)
    strand(agent, ready)
    found = ccc("service", "status", "--json", exit=0).json
    line = found["crontab"].removeprefix("@reboot ")
    environment = {"HOME": os.environ["HOME"], "PATH": "/usr/bin:/bin", "LOGNAME": "somebody"}
    done = subprocess.run(["sh", "-c", line], cwd="/", env=environment, capture_output=True, text=True)
    assert done.stdout == f"resumed {agent.name}: its host was killed, run 2 goes on\n", done
    taken_up(agent, 2)
    (agent.path / "go").write_text("", encoding="utf-8")
    agent.becomes("unchecked")
