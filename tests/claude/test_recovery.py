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
    for_ever = bash(until_there(tmp_path / "never"))
    stub.scripts = {"slow": [for_ever, for_ever, bash(until_there(last)), {"text": "done"}]}
    agent = spawn("backend", "Something slow [[script:slow]]")

    def asked_again(times: int) -> None:
        until(lambda: len(stub.requests("slow")) == times, f"request {times}")
        until(lambda: calls_tools(agent), f"the tool of request {times}")

    asked_again(1)
    os.kill(agent.pid("agent"), signal.SIGKILL)
    asked_again(2)
    assert agent.life()["restarts"] == 1
    message = run("send", agent.name, WORDS, "--json", exit=0).json["messages"][0]["id"]
    os.kill(agent.pid("host"), signal.SIGKILL)
    run("drain", "--recover", exit=0)
    asked_again(3)
    last.touch()
    agent.becomes("idle")
    orders = [path.read_text() for path in (agent.runs / agent.id).glob("*/order.json")]
    assert len(orders) == 2
    (conversation,) = {each.session for each in stub.requests()}
    assert all(str(conversation) in order for order in orders)
    said = stub.requests()[-1].said
    assert [said.count(words) for words in (*PREAMBLES, WORDS)] == [1, 1, 1]
    lines = ready.git("log", "--format=%s", "refs/ccc").splitlines()
    assert sum(f"delivered message {message[:8]}" in line for line in lines) == 1
    assert agent.status()["restarts"] == 2


def calls_tools(agent: Agent) -> bool:
    """Whether its program is there, and has started a tool."""
    return agent.life()["agent"] is not None and len(agent.processes()) >= 2
