"""Many agents at once, a hundred where there is time: hosts are small, and no person is kept waiting.

The bounds are generous, for machines that are slow and busy; `make bench ARGS=hundred` holds the budgets.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Mapping
from pathlib import Path

import psutil
import pytest

from bench.crowd import crowd
from bench.harness import Times, in_turns
from bench.hundred import COMMITTING, READING, WRITING
from ccc.platform import trees
from tests.support.agents import until
from tests.support.program import Program
from tests.support.repository import Repo
from tests.support.settling import settle

COUNT, ROUNDS = int(os.environ.get("CCC_TEST_AGENTS") or 50), 2
"""`CCC_TEST_AGENTS=100` for all of them, as in the bench: in CI they are fewer, for the time they take."""

COMMANDS = {**READING, **WRITING}
IDLE_SECONDS, IDLE_SHARE = 5.0, 0.01
"""Of one processor, each; the budget is a tenth of it."""

MEGABYTES = 25.0
TIMES, SECONDS = 4.0, 1.0
"""How many times as long as at rest a command may take, what slows everything down aside, and that on top."""

DRAINS = 8
"""At most, of however many agents: one that listens, one that begins, one at the checks, one that looks
after agents, and one more about to; on a busy machine a few that end."""


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_person_beside_a_hundred_agents_is_not_kept_waiting() -> None:
    with crowd(COUNT) as place:
        hosts_are_small_and_idle(place.hosts())
        works = place.works(COMMANDS)
        resting = in_turns(ROUNDS, works)
        place.set_to_work(queued=5)
        working = in_turns(ROUNDS, works)
        assert drains(place.top) <= DRAINS
        nobody_waits(resting, working)
        Program(place.top)("stop", "--all", "--grace", "1", exit=0)
        everything_is_recorded(Repo(place.top))


def hosts_are_small_and_idle(hosts: list[int]) -> None:
    assert len(hosts) == COUNT
    before = {pid: own_seconds(pid) for pid in hosts}
    time.sleep(IDLE_SECONDS)
    used = [own_seconds(pid) - before[pid] for pid in hosts]
    assert statistics.mean(used) <= IDLE_SHARE * IDLE_SECONDS
    assert max((trees.memory(pid) or 0) / 1e6 for pid in hosts) <= MEGABYTES


def own_seconds(pid: int) -> float:
    """Processor time of a process itself: not of a drain that it had started, and that just ended."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def nobody_waits(resting: Mapping[str, Times], working: Mapping[str, Times]) -> None:
    slower = {name: min(working[name]) / min(resting[name]) for name in ("python", "commit")}
    for name in {*COMMANDS, *COMMITTING}:
        usual = min(resting[name]) * max(1.0, slower["commit" if name in COMMITTING else "python"])
        assert min(working[name]) <= usual * TIMES + SECONDS, (name, resting, working)


def drains(top: Path) -> int:
    """How many background drains of this repository run now."""
    lines = [process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])]
    return sum(line[-2:] == ["drain", "--background"] and f"{top}/.git" in line for line in lines)


def everything_is_recorded(repo: Repo) -> None:
    run = Program(repo.path)
    until(lambda: drains(repo.path) == 0, "the end of the drains", 120)
    settle(repo)
    run("drain", exit=0)
    heads = repo.git("for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads/ccc")
    sessions = run("status", "--all", "--json", exit=0).json["sessions"]
    assert {session["branch"]: session["head"] for session in sessions} == dict(
        line.split(" ") for line in heads.splitlines()
    )
    assert run("fsck", "--json", exit=0).json["faults"] == []
