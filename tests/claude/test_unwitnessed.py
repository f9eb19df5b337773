"""A message that entered the conversation while its host saw nothing: it arrived, and is not returned."""

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

NO_RESTARTS = "[session]\nrestarts = 0\n"
WORDS = "Mind the umlauts"
QUEUED = '"state":"queued"'


def printed(agent: Agent) -> str:
    """What its program printed, as its host kept it."""
    return "\n".join(log.read_text() for log in (agent.runs / agent.id).glob("*/engine.log"))


def written() -> str:
    """What the program wrote down as said in the middle of a turn."""
    found = Path(os.environ["CLAUDE_CONFIG_DIR"]).glob("projects/*/*.jsonl")
    lines = [line for path in found for line in path.read_text(encoding="utf-8").splitlines()]
    return "\n".join(line for line in lines if "queued_command" in line)


def test_what_the_transcript_has_is_no_message_that_never_arrived(
    ready: Repo, spawn: Callable[..., Agent], stub: Stub, ccc: RunsCcc, tmp_path: Path
) -> None:
    ready.commit("No restarts", {".ccc/config.toml": NO_RESTARTS})
    run, go = RunsIn(ccc, ready.path), tmp_path / "go"
    stub.scripts = {"slow": [bash(until_there(go)), bash(until_there(tmp_path / "never"))]}
    agent = spawn("backend", "Something slow [[script:slow]]")
    until(lambda: stub.requests("slow"), "the first request")
    before = printed(agent).count(QUEUED)
    message = run("send", agent.name, WORDS, "--json", exit=0).json["messages"][0]["id"]
    until(lambda: printed(agent).count(QUEUED) > before, "the message in the program's queue")
    host = agent.pid("host")
    os.kill(host, signal.SIGSTOP)
    go.touch()
    until(
        lambda: WORDS in stub.requests("slow")[-1].said and WORDS in written(),
        "the message in the transcript",
    )
    os.kill(host, signal.SIGKILL)
    agent.becomes("failed")
    log = f"message {message[:8]}"

    def told() -> list[str]:
        return [line for line in ready.git("log", "--format=%s", "refs/ccc").splitlines() if log in line]

    line = until(told, "what became of the message")[0]
    assert line == f"{agent.name}: delivered {log} in turn 1"
