"""What a status stands on: tasks that go on, tools that were denied, processes that stand still, clocks."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ccc.domain.alive import of_life
from ccc.domain.life import Ending
from ccc.platform import processes
from ccc.runs import life
from ccc.runs.files import RunFiles
from ccc.runs.life import Pulse
from tests.agents.conftest import Starts
from tests.support.agents import DONE, Agent, until
from tests.support.interfaces import same_everywhere
from tests.support.program import RunsCcc
from tests.support.repository import Repo

AT = "2026-10-03T12:00:00.000Z"
STAYS: list[dict[str, Any]] = [{"wait": {"seconds": 300}}]


def words(status: dict[str, Any]) -> list[str]:
    return [each["what"] for each in status["evidence"]]


@pytest.mark.slow
def test_a_turn_that_ended_with_tasks_in_the_background_is_not_idle(
    start: Starts, ccc: RunsCcc, ready: Repo, diary: Callable[[], list[str]]
) -> None:
    agent = start([{"tasks": 2}, {"say": "over"}], [{"tasks": 0}])
    until(lambda: "2 background tasks go on" in str(agent.status()["evidence"]), "the end of the turn")
    status = same_everywhere(ready, ccc, agent.name)
    assert status["status"] == "running"
    assert words(status)[0] == "turn 1 ended, 2 background tasks go on"
    assert not any(": idle" in line for line in diary())
    ccc("send", agent.name, "go on", exit=0)
    assert words(agent.becomes("idle"))[0].startswith("turn 2 ended")


@pytest.mark.slow
def test_a_tool_that_was_denied_is_seen_though_the_turn_ended_well(
    start: Starts, ccc: RunsCcc, ready: Repo
) -> None:
    agent = start([{"deny": {"tool": "Write", "what": "/etc/passwd"}}, *DONE])
    agent.becomes("unchecked")
    until(lambda: agent.life()["phase"] == "idle", "the end of its turn")
    assert words(same_everywhere(ready, ccc, agent.name))[-1] == "was denied Write /etc/passwd"


def halt(agent: Agent, who: str) -> None:
    """Its agent or its host stands still in mid-turn."""
    agent.becomes("running")
    os.kill(agent.pid(who), signal.SIGSTOP)


def is_said_and_mended(agent: Agent, said: str, ccc: RunsCcc, ready: Repo) -> None:
    """Every interface says so, and what was known before; `resume` lets it go on."""
    status = same_everywhere(ready, ccc, agent.name)
    assert words(status)[0] == said
    assert words(status)[1].startswith("last known running: ")
    ccc("resume", agent.name, exit=0)
    agent.becomes("running")


@pytest.mark.slow
def test_an_agent_that_somebody_halted_is_paused_and_can_be_resumed(
    start: Starts, ccc: RunsCcc, ready: Repo
) -> None:
    agent = start(STAYS)
    halt(agent, "agent")
    agent.becomes("paused")
    said = "rehearsal pid {} stands still, halted by a signal that ccc did not send"
    is_said_and_mended(agent, said.format(agent.pid("agent")), ccc, ready)


@pytest.mark.slow
def test_a_host_that_somebody_halted_is_unknown_at_once_and_can_be_resumed(
    start: Starts, ccc: RunsCcc, ready: Repo
) -> None:
    agent = start(STAYS)
    halt(agent, "host")
    now = agent.becomes("unknown", patience=20.0)
    assert now["as_of"] == now["since"]
    is_said_and_mended(agent, f"host pid {agent.pid('host')} stands still, halted by a signal", ccc, ready)


def test_a_clock_that_was_set_hangs_no_host(tmp_path: Path) -> None:
    """Between two beats the clock goes forward by an hour, or the machine sleeps: both look like this."""
    me, files = processes.own_identity(), RunFiles(tmp_path / "run")
    files.root.mkdir()
    offset = time.time() - time.monotonic()
    for hour in (-3600.0, 0.0, 3600.0):
        clock = offset - hour
        life.write(files, Pulse("running", "turn 1", AT, "claude", me, me, clock=clock))
        beaten = time.time() - hour
        os.utime(files.life, (beaten, beaten))
        found = life.sight_run(files, 1)
        assert found is not None
        assert found.quiet == pytest.approx(0.0, abs=5.0)
        assert of_life(found, AT)[0] == "running"


def test_a_host_without_a_beat_is_unknown_whatever_the_clock_says(tmp_path: Path) -> None:
    me, files = processes.own_identity(), RunFiles(tmp_path / "run")
    files.root.mkdir()
    clock = time.time() - time.monotonic()
    life.write(files, Pulse("running", "turn 1", AT, "claude", me, me, clock=clock))
    beaten = time.time() - 60
    os.utime(files.life, (beaten, beaten))
    found = life.sight_run(files, 1)
    assert found is not None
    assert of_life(found, AT)[0] == "unknown"


def test_an_ending_that_is_announced_is_the_status_before_it_is_recorded(tmp_path: Path) -> None:
    me, files = processes.own_identity(), RunFiles(tmp_path / "run")
    files.root.mkdir()
    over = Ending("failed", "exit 3", AT, 3)
    life.write(files, Pulse("ended", "exit 3", AT, "claude", me, outcome=over))
    found = life.sight_run(files, 1)
    assert found is not None
    assert found.ending is None
    assert of_life(found, AT)[0] == "failed"
    life.end(files, over)
    again = life.sight_run(files, 1)
    assert again is not None
    assert again.ending == over


@pytest.mark.slow
def test_a_session_made_without_an_agent_waits_for_its_predecessor_and_is_blocked_by_its_failure(
    start: Starts, ccc: RunsCcc, ready: Repo
) -> None:
    ready.write(".ccc/config.toml", "[session]\nrestarts = 0\n")
    made = ccc("spawn", "backend", "First", "--no-start", "--json", exit=0).json["sessions"][0]
    assert same_everywhere(ready, ccc, made["name"])["status"] == "created"
    failing = start([{"wait": {"file": "go"}}, {"crash": {"exit": 3, "always": True}}], task="Second")
    later = start(DONE, task="Third", options=("--after", failing.name))
    status = same_everywhere(ready, ccc, later.name)
    assert status["status"] == "queued"
    assert failing.name in words(status)[0]
    (failing.path / "go").touch()
    later.becomes("blocked")
    status = same_everywhere(ready, ccc, later.name)
    assert words(status)[0] == f"{failing.name} failed"


@pytest.mark.slow
def test_done_is_a_claim_until_the_checks_have_passed(start: Starts, ccc: RunsCcc, ready: Repo) -> None:
    go = ready.path.parent / "go"
    waits = f"ccc-backend:\n\t@while [ ! -e {go} ]; do sleep 0.1; done\n"
    ready.commit("Check the back end", Makefile=waits)
    agent = start(DONE)
    agent.becomes("reported")
    status = same_everywhere(ready, ccc, agent.name)
    assert (status["status"], words(status)[0].split(" at ")[0]) == ("reported", "done")
    go.touch()
    agent.becomes("verified")
    assert words(same_everywhere(ready, ccc, agent.name))[0].endswith("exit 0")


@pytest.mark.slow
def test_a_session_whose_worktree_is_gone_is_lost_and_says_so_alike_at_each_look(
    ccc: RunsCcc, ready: Repo
) -> None:
    made = ccc("spawn", "backend", "First", "--no-start", "--json", exit=0).json["sessions"][0]
    ready.git("worktree", "remove", "--force", made["worktree"])
    first = same_everywhere(ready, ccc, made["name"])
    assert (first["status"], words(first)[0]) == ("lost", f"nothing at {made['worktree']}")
    assert same_everywhere(ready, ccc, made["name"]) == first


@pytest.mark.slow
def test_a_session_of_another_machine_is_unknown_and_says_as_of_when(
    start: Starts, ccc: RunsCcc, ready: Repo, tmp_path: Path
) -> None:
    agent = start(STAYS)
    agent.becomes("running")
    ccc("drain", exit=0)
    other = tmp_path / "other"
    ready.git("clone", "--quiet", str(ready.path), str(other))
    there = Repo(other)
    there.git("fetch", "--quiet", "origin", "refs/ccc:refs/ccc")
    ccc("init", cwd=other, exit=0)

    def run(*arguments: str, **options: Any) -> Any:
        return ccc(*arguments, cwd=other, **options)

    status = same_everywhere(there, run, agent.name)
    assert (status["status"], words(status)[0]) == ("unknown", "last known running, on another machine")
    shown = run("show", agent.name, "--json", exit=0).json
    assert shown["as_of"] == agent.status()["updated_at"]
