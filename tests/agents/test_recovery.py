"""Hosts and agents that are killed: whoever of ccc is there brings the same conversation back."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ccc.host.restarts import delay
from ccc.platform import table
from ccc.store.crashpoints import VARIABLE
from tests.agents.conftest import Starts
from tests.agents.killing import at_work, ended, kill, order, runs_of, strand, taken_up
from tests.support.agents import DONE, Agent, until
from tests.support.program import RunsCcc
from tests.support.repository import Repo

STAYS: list[dict[str, Any]] = [{"wait": {"seconds": 300}}]
WORKS: list[dict[str, Any]] = [
    {"edit": {"path": "one", "content": "1"}},
    {"wait": {"file": "go"}},
    *DONE,
]


def has_children(agent: Agent) -> bool:
    return len(agent.processes()) >= 3


def test_who_crashes_again_at_once_waits_longer_each_time() -> None:
    assert [delay(strikes) for strikes in range(4)] == [0.0, 5.0, 20.0, 20.0]


@pytest.mark.slow
def test_a_neighbour_brings_the_conversation_of_a_killed_host_back(
    start: Starts, diary: Callable[[], list[str]]
) -> None:
    first, second = start(WORKS, task="First"), start(STAYS, task="Second")
    at_work(first)
    second.becomes("running")
    kill(first)
    taken_up(first, 2)
    assert order(first, 2)["conversation"] == order(first, 1)["conversation"]
    assert order(first, 2)["prompt"].startswith("Your process ended unexpectedly (its host was killed)")
    (first.path / "go").write_text("", encoding="utf-8")
    assert first.becomes("unchecked")["restarts"] == 1
    lines = [line for line in diary() if line.startswith(first.name)]
    assert f"{first.name}: lost: its host was killed; run 2 goes on" in lines
    assert f"{first.name}: resumed rehearsal" in lines


@pytest.mark.slow
def test_all_hosts_killed_come_back_with_the_next_reading_command(start: Starts, ccc: RunsCcc) -> None:
    """And what they left running is ended: never two agents in one worktree."""
    agents = [start([{"daemon": {}}, *WORKS], task=f"Part {number}") for number in range(3)]
    for agent in agents:
        at_work(agent)
        until(partial(has_children, agent), "the agent, its child and its daemon")
    left = {pid for agent in agents for pid in agent.processes()}
    for agent in agents:
        kill(agent)
    shown = ccc("status", "--json", exit=0).json["sessions"]
    assert {each["status"] for each in shown} <= {"unknown", "starting", "running"}
    for agent in agents:
        taken_up(agent, 2)
        assert left.isdisjoint(agent.processes())
        players = [pid for pid in agent.processes() if pid == agent.pid("agent")]
        assert len(players) == 1
    assert not any(runs_of(agent) != [1, 2] for agent in agents)


@pytest.mark.slow
@pytest.mark.parametrize(
    "watcher",
    [("wait", "--timeout", "60"), ("log", "-f"), ("status", "-w"), ("mcp",)],
    ids=lambda words: " ".join(words[:2]),
)
def test_any_process_of_ccc_that_lives_notices(watcher: tuple[str, ...], start: Starts, ready: Repo) -> None:
    agent = start(WORKS)
    at_work(agent)
    alone = subprocess.Popen(
        [sys.executable, "-m", "ccc", *watcher],
        cwd=ready.path,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        kill(agent)
        taken_up(agent, 2)
    finally:
        alone.kill()
        alone.communicate()


@pytest.mark.slow
def test_recoverers_at_once_start_one_agent(
    start: Starts, ready: Repo, diary: Callable[[], list[str]]
) -> None:
    agent = start(WORKS)
    at_work(agent)
    kill(agent)
    command = [sys.executable, "-m", "ccc", "drain", "--recover"]
    several = [subprocess.Popen(command, cwd=ready.path, stdout=subprocess.DEVNULL) for _ in range(3)]
    assert [each.wait(timeout=60) for each in several] == [0, 0, 0]
    taken_up(agent, 2)
    assert runs_of(agent) == [1, 2]
    until(lambda: f"{agent.name}: resumed rehearsal" in diary(), "the fact")
    assert diary().count(f"{agent.name}: lost: its host was killed; run 2 goes on") == 1


@pytest.mark.slow
def test_a_recovery_that_is_killed_is_finished_by_the_next(
    ready: Repo, start: Starts, ccc: RunsCcc, diary: Callable[[], list[str]]
) -> None:
    agent = start(WORKS)
    at_work(agent)
    until(lambda: f"{agent.name}: started rehearsal" in diary(), "its first fact")
    strand(agent, ready)
    for step in ("recovery-cleared", "recovery-started"):
        died = ccc("drain", "--recover", env={VARIABLE: step})
        assert died.exit == -signal.SIGKILL, (step, died)
    ccc("drain", "--recover", exit=0)
    taken_up(agent, 2)
    assert runs_of(agent) == [1, 2]
    assert agent.becomes("running")["restarts"] == 1


@pytest.mark.slow
def test_kills_of_hosts_count_like_crashes_of_agents(ready: Repo, start: Starts, ccc: RunsCcc) -> None:
    ready.write(".ccc/config.toml", "[session]\nrestarts = 2\n")
    agent = start(WORKS)
    at_work(agent)
    kill(agent, "agent")
    until(lambda: agent.life()["restarts"] == 1 and agent.life()["agent"], "the first restart")
    kill(agent)
    ccc("drain", "--recover", exit=0)
    until(lambda: "'starts again in 5 s'" in str(agent.status()["evidence"]), "a delay")
    assert agent.status()["restarts"] == 2
    kill(agent)
    now = agent.becomes("failed")
    assert now["evidence"][0]["what"] == "its host was killed, restarted 2 times before"
    items = ccc("inbox", "--json", exit=0).json["items"]
    assert [(item["kind"], item["command"]) for item in items] == [
        ("failure", f"git ccc resume {agent.name}")
    ]
    ccc("resume", agent.name, exit=0)
    assert agent.becomes("running")["restarts"] == 0


@pytest.mark.slow
def test_an_ended_turn_lets_the_count_begin_anew(start: Starts, ccc: RunsCcc) -> None:
    agent = start([{"say": "one turn"}], [{"edit": {"path": "one", "content": ""}}, *STAYS])
    agent.becomes("idle")
    ccc("send", agent.name, "Go on", exit=0)
    at_work(agent)
    kill(agent, "agent")
    until(lambda: agent.life()["restarts"] == 1 and agent.life()["agent"], "a restart")
    assert agent.life()["strikes"] == 1
    ccc("stop", agent.name, exit=0)


@pytest.mark.slow
def test_what_a_person_stopped_or_paused_stays_so(start: Starts, ccc: RunsCcc) -> None:
    stopped, paused = start(STAYS, task="Stopped"), start(STAYS, task="Paused")
    queued = start(STAYS, task="Queued", options=("--after", paused.name))
    for agent in (stopped, paused):
        agent.becomes("running")
    ccc("stop", stopped.name, exit=0)
    ccc("pause", paused.name, exit=0)
    kill(paused)
    assert ended(paused, ccc)["why"].startswith("paused by ")
    ccc("drain", "--recover", exit=0)
    states = {each["name"]: each["status"] for each in ccc("status", "--json", exit=0).json["sessions"]}
    assert states == {stopped.name: "stopped", paused.name: "paused", queued.name: "queued"}
    assert paused.processes() == []
    ccc("resume", paused.name, exit=0)
    paused.becomes("running")
    assert order(paused, 2)["conversation"] == order(paused, 1)["conversation"]


@pytest.mark.slow
def test_a_stop_whose_host_dies_before_it_obeys_is_a_stop(start: Starts, ccc: RunsCcc) -> None:
    agent = start(STAYS)
    agent.becomes("running")
    host = agent.pid("host")
    os.kill(host, signal.SIGSTOP)
    asking = subprocess.Popen([sys.executable, "-m", "ccc", "stop", agent.name], cwd=ccc.directory)  # type: ignore[attr-defined]
    until(lambda: list(agent.runs.glob(f"{agent.id}/1/control/stop-*.json")), "the request")
    asking.kill()
    asking.wait()
    with contextlib.suppress(ProcessLookupError):  # the stop has woken it, and it may have obeyed already
        os.kill(host, signal.SIGKILL)
    until(lambda: not os.path.exists(f"/proc/{host}"), "its end")  # noqa: PTH110
    assert ended(agent, ccc)["why"].startswith("stopped by ")
    assert agent.status()["status"] == "stopped"


@pytest.mark.slow
def test_an_idle_agent_whose_host_is_killed_rests_until_a_message(start: Starts, ccc: RunsCcc) -> None:
    agent = start([{"say": "one"}], DONE)
    agent.becomes("idle")
    kill(agent)
    assert ended(agent, ccc)["why"].startswith("its host was killed after turn 1 ended")
    assert agent.status()["status"] == "idle"
    ccc("send", agent.name, "Go on", exit=0)
    agent.becomes("unchecked")
    assert order(agent, runs_of(agent)[-1])["conversation"] == order(agent, 1)["conversation"]


@pytest.mark.slow
def test_a_permission_asked_for_by_a_killed_agent_is_withdrawn_and_said(start: Starts, ccc: RunsCcc) -> None:
    agent = start(
        [{"request": {"kind": "permission", "text": "May I?", "choices": ["allow", "deny"]}}, *DONE]
    )
    agent.becomes("waiting")
    first = ccc("inbox", "--json", exit=0).json["items"][0]
    kill(agent)
    ccc("drain", "--recover", exit=0)
    agent.becomes("waiting")
    assert "permission: May I?) was not answered" in order(agent, 2)["prompt"]
    second = ccc("inbox", "--json", exit=0).json["items"]
    assert [item["text"] for item in second] == ["May I?"]
    assert ccc("answer", first["id"], "--choice", "1").exit == 1
    ccc("answer", second[0]["id"], "--choice", "1", exit=0)
    agent.becomes("unchecked")


def kill_the_first(script: bytes, patience: float = 60.0) -> int:
    """kill -9 of the first program that plays a script, once the system shows it; its pid, 0 for none."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        for pid in table.pids():
            said = table.command(pid)
            if b"ccc.engines.rehearsal" in said and script in said:
                os.kill(pid, signal.SIGKILL)
                return pid
    return 0


@pytest.mark.slow
def test_an_agent_killed_before_its_first_word_is_begun_again(
    start: Starts, tmp_path: Path, ccc: RunsCcc
) -> None:
    """Who is killed has not shown that it cannot start."""
    with ThreadPoolExecutor() as beside:
        killed = beside.submit(kill_the_first, os.fsencode(tmp_path / "script-0.yml"))
        agent = start(DONE)
    assert killed.result() > 0
    agent.becomes("unchecked")
    assert "signal SIGKILL" in ccc("log", "--json", exit=0).stdout


@pytest.mark.slow
def test_a_question_of_a_killed_agent_still_stands(start: Starts, ccc: RunsCcc) -> None:
    agent = start([{"ask": {"text": "Which?"}}, *DONE])
    agent.becomes("waiting")
    item = ccc("inbox", "--json", exit=0).json["items"][0]
    kill(agent)
    ccc("drain", "--recover", exit=0)
    agent.becomes("waiting")
    assert ccc("inbox", "--json", exit=0).json["items"][0]["id"] == item["id"]
    ccc("answer", item["id"], "The first", exit=0)
    agent.becomes("unchecked")


@pytest.mark.slow
def test_what_cannot_be_resumed_is_said_once(ready: Repo, start: Starts, ccc: RunsCcc) -> None:
    program = "import time; print('at it', flush=True); time.sleep(300)"
    engine = f'[engines.own]\ncommand = ["{sys.executable}", "-c", "{program}"]\n'
    ready.write(".ccc/config.toml", engine)
    made = ccc("spawn", "backend", "Own", "--engine", "own", "--json", exit=0).json["sessions"][0]
    other = start(WORKS, task="Script")
    at_work(other)
    own = Agent(made["name"], made["id"], ready.path, ccc, other.runs)
    until(lambda: own.life()["spoke"], "its first word")
    script = next(ready.path.parent.glob("script-0.yml"))
    script.unlink()
    kill(own)
    kill(other)
    lost, failed = own.becomes("lost"), other.becomes("failed")
    assert lost["evidence"][0]["what"] == (
        "its host was killed, and own cannot take a conversation up again; git ccc start begins anew"
    )
    assert failed["evidence"][0]["what"] == f"no script {script} (--engine rehearsal:PATH)"
    ccc("drain", "--recover", exit=0)
    items = ccc("inbox", "--json", exit=0).json["items"]
    assert [(item["kind"], item["session"]) for item in items] == [
        ("failure", own.id),
        ("failure", other.id),
    ]
