"""Readers of a status beside each other, and with a clock that was set: all are told the same."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import Any

import pytest

from tests.agents.conftest import Starts
from tests.support.agents import Agent, until
from tests.support.program import PROJECT, RunsCcc
from tests.support.repository import Repo

pytestmark = pytest.mark.slow

STAYS: list[dict[str, Any]] = [{"wait": {"seconds": 300}}]
STATUS = ("status", "--json")
SET_BACK = """
import sys, time
nanoseconds, seconds = time.time_ns, time.time
time.time_ns, time.time = (lambda: nanoseconds() - 3600 * 10**9), (lambda: seconds() - 3600)
from ccc.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
"""A process of ccc whose wall clock is an hour behind everybody else's."""


def said(document: dict[str, Any]) -> list[dict[str, Any]]:
    """What is told of each session, without the moment at which it was looked at."""
    return [{key: each[key] for key in each if key != "as_of"} for each in document["sessions"]]


def began(ready: Repo, *command: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    return subprocess.Popen(
        [sys.executable, *command], cwd=ready.path, env=environment, stdout=subprocess.PIPE, text=True
    )


def _settled(agent: Agent) -> None:
    """Waits until the agent has nothing more to say."""
    until(lambda: "waits for a while" in str(agent.status()["evidence"]), f"{agent.name} at its wait")


def test_readers_at_once_are_told_the_same_though_no_cache_is_there(
    ready: Repo, start: Starts, ccc: RunsCcc
) -> None:
    """Each makes the cache anew, and each may start the background drain."""
    for agent in [start(STAYS, task=f"Part {number}") for number in range(3)]:
        _settled(agent)
    ccc("drain", exit=0)
    alone = said(ccc(*STATUS, exit=0).json)
    for folder in ("cache", "runs-cache"):
        shutil.rmtree(ready.common / "ccc" / folder, ignore_errors=True)
    readers = [began(ready, "-m", "ccc", *STATUS) for _ in range(4)]
    answers = [said(json.loads(reader.communicate(timeout=60)[0])) for reader in readers]
    assert [reader.returncode for reader in readers] == [0] * 4
    assert answers == [alone] * 4


def test_a_reader_whose_clock_was_set_back_is_told_the_same(ready: Repo, start: Starts, ccc: RunsCcc) -> None:
    agent = start(STAYS)
    _settled(agent)
    ccc("drain", exit=0)
    before = said(ccc(*STATUS, exit=0).json)
    behind = began(ready, "-c", SET_BACK, *STATUS)
    assert said(json.loads(behind.communicate(timeout=60)[0])) == before
    noted = began(ready, "-c", SET_BACK, "note", "Said by a clock that is behind")
    noted.communicate(timeout=60)
    assert noted.returncode == 0
    ccc("stop", agent.name, exit=0)
    behind = began(ready, "-c", SET_BACK, "status", agent.name, "--short")
    assert behind.communicate(timeout=60)[0] == f"{agent.name} stopped\n"
    stamps = [each["id"] for each in ccc("log", "--json", exit=0).json["events"]]
    assert stamps == sorted(stamps, reverse=True), (
        "an event of a clock that is behind comes after those it knew"
    )
