"""The real program killed, then its host: one conversation goes on, and all that is said is said once."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from ccc.demo.stub import Stub
from tests.claude.conftest import RunsIn
from tests.claude.speaking import bash, until_there
from tests.support.agents import Agent, until
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

WORDS = "Mind the umlauts"
PREAMBLES = ("unexpectedly (signal SIGKILL)", "unexpectedly (its host was killed)")


def test_a_kill_of_the_agent_and_one_of_its_host_leave_one_conversation_and_one_of_each_message(
    ready: Repo, spawn: Callable[..., Agent], stub: Stub, ccc: RunsCcc, tmp_path: Path
) -> None:
    run, last = RunsIn(ccc, ready.path), tmp_path / "last"
    waits = bash(until_there(last))
    stub.scripts = {"slow": [waits, waits, waits, {"text": "done"}]}
    agent = spawn("backend", "Something slow [[script:slow]]")

    def asked_again(times: int, told: str) -> None:
        until(lambda: len(stub.requests("slow")) == times, f"request {times}")
        until(lambda: calls_tools(agent), f"the tool of request {times}")
        until(lambda: written_down(told), f"what request {times} told, on the disk")

    asked_again(1, "script:slow")
    os.kill(agent.pid("agent"), signal.SIGKILL)
    asked_again(2, PREAMBLES[0])
    assert agent.life()["restarts"] == 1
    message = run("send", agent.name, WORDS, "--json", exit=0).json["messages"][0]["id"]
    os.kill(agent.pid("host"), signal.SIGKILL)
    run("drain", "--recover", exit=0)
    asked_again(3, PREAMBLES[1])
    last.touch()
    agent.becomes("idle")
    orders = [path.read_text() for path in (agent.runs / agent.id).glob("*/order.json")]
    assert len(orders) == 2
    (conversation,) = {each.session for each in stub.requests()}
    assert all(str(conversation) in order for order in orders)
    said = stub.requests()[-1].said
    assert [said.count(words) for words in (*PREAMBLES, WORDS)] == [1, 1, 1]

    def receipts() -> int:
        return ready.git("log", "--format=%s", "refs/ccc").count(f"delivered message {message[:8]}")

    until(receipts, "the receipt")
    assert receipts() == 1
    assert agent.status()["restarts"] == 2


@pytest.mark.parametrize("kills", [1, 2])
def test_a_kill_before_the_first_answer_is_no_end(
    ready: Repo, spawn: Callable[..., Agent], stub: Stub, kills: int
) -> None:
    """The program has written the conversation down by then, and not shown yet that it was told anything."""
    stub.scripts = {"late": [{"text": "done", "fail": [{"hang": 600}] * kills}]}
    agent = spawn("backend", "Something [[script:late]]")
    for killed in range(kills):
        until(lambda times=killed + 1: len(stub.requests("late")) == times, f"request {killed + 1}")  # type: ignore[misc]
        until(lambda: written_down("script:late"), "a conversation on the disk")
        os.kill(agent.pid("agent"), signal.SIGKILL)
    agent.becomes("idle")
    assert len({each.session for each in stub.requests()}) == 1
    said = stub.requests("late")[-1].said
    assert "unexpectedly (signal SIGKILL)" in said
    assert f".ccc/sessions/{agent.name}/brief.md" in said
    assert agent.status()["restarts"] == kills


def test_a_kill_before_anything_is_written_down_begins_anew(
    ready: Repo, spawn: Callable[..., Agent], stub: Stub
) -> None:
    stub.scripts = {"late": [{"text": "done", "fail": [{"hang": 600}]}]}
    agent = spawn("backend", "Something [[script:late]]")
    until(lambda: len(stub.requests("late")) == 1, "the first request")
    os.kill(agent.pid("agent"), signal.SIGKILL)
    for conversation in conversations():
        conversation.unlink()
    agent.becomes("idle")
    assert "Something" in stub.requests("late")[-1].said
    assert agent.status()["restarts"] == 1


def conversations() -> list[Path]:
    """The files of the program's conversations."""
    return list((Path(os.environ["CLAUDE_CONFIG_DIR"]) / "projects").glob("*/*.jsonl"))


def written_down(told: str) -> bool:
    """Whether the program has written down what it was told."""
    return any(told in each.read_text(encoding="utf-8") for each in conversations())


def calls_tools(agent: Agent) -> bool:
    """Whether its program is there, and has started a tool."""
    return agent.life()["agent"] is not None and len(agent.processes()) >= 2
