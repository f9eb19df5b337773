"""Commands to a host that stands still, and one that was killed half-way."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

from ccc.store.crashpoints import VARIABLE
from tests.agents.conftest import Starts
from tests.support.agents import until
from tests.support.program import RunsCcc

pytestmark = pytest.mark.slow
WORK = [{"say": "begin"}, {"wait": {"seconds": 600}}]


def test_a_host_that_stands_still_is_woken_to_pause_and_to_stop(start: Starts, ccc: RunsCcc) -> None:
    agent = start(WORK)
    agent.becomes("running")
    os.kill(agent.pid("host"), signal.SIGSTOP)
    agent.becomes("unknown")
    assert f"git ccc resume {agent.name}" in ccc("send", agent.name, "hello", exit=0).stdout
    ccc("pause", agent.name, exit=0)
    assert agent.becomes("paused")
    os.kill(agent.pid("host"), signal.SIGSTOP)
    ccc("stop", agent.name, exit=0)
    assert agent.becomes("stopped")["evidence"][0]["what"].startswith("stopped by ")
    assert agent.processes() == []


def test_a_restart_killed_half_way_is_in_the_inbox_and_can_be_finished(start: Starts, ccc: RunsCcc) -> None:
    agent = start(WORK, WORK)
    agent.becomes("running")
    ccc("restart", agent.name, env={VARIABLE: "start-claimed"}, exit=-9)
    assert agent.status()["status"] == "stopped"
    [item] = until(lambda: ccc("inbox", "--json", exit=0).json["items"], "an item")
    assert item["title"] == f"the restart of {agent.name} was cut off"
    ccc(*item["command"].split(" ")[2:], exit=0)
    agent.becomes("running")
    assert ccc("inbox", "--json", exit=0).json["items"] == []


def test_a_run_whose_files_were_deleted_is_not_said_to_go_on(start: Starts, ccc: RunsCcc) -> None:
    agent = start(WORK)
    agent.becomes("running")
    until(lambda: _is_deleted(agent.runs / agent.id), "no files of the run")
    words = [each["what"] for each in agent.becomes("lost")["evidence"]]
    assert f"git ccc resume {agent.name}" in ccc("send", agent.name, "hello", exit=0).stdout
    gone = "nothing is left of run 1 here: its files under ccc/runs are gone"
    assert words == [gone, "last known running"]
    [item] = ccc("inbox", "--json", exit=0).json["items"]
    assert (item["text"], item["command"]) == (gone, f"git ccc resume {agent.name}")
    assert f"hint: git ccc start {agent.name}" in ccc("stop", agent.name, exit=1).stderr
    ccc("resume", agent.name, exit=0)
    agent.becomes("running")


def _is_deleted(folder: Path) -> bool:
    """Deletes a folder that somebody may be writing into."""
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()
