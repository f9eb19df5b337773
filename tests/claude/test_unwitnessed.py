"""A message that entered the conversation while its host saw nothing: it arrived, and is not returned."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from ccc.demo.stub import Stub
from ccc.engines.claude.engine import uuid_of
from ccc.engines.claude.transcript import heard
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


def test_a_receipt_that_the_transcript_of_a_dead_session_denies_is_taken_back(
    ready: Repo, spawn: Callable[..., Agent], stub: Stub, ccc: RunsCcc, tmp_path: Path
) -> None:
    """The program is killed for good before it writes down what it was told."""
    ready.commit("No restarts", {".ccc/config.toml": NO_RESTARTS})
    run = RunsIn(ccc, ready.path)
    agent, message = told_in_mid_turn(ready, spawn, stub, run, tmp_path)
    program = agent.pid("agent")
    os.kill(program, signal.SIGSTOP)
    not_written_down(WORDS)
    os.kill(program, signal.SIGKILL)
    agent.becomes("failed")
    until(lambda: "bounced" in ready.git("log", "--format=%s", "refs/ccc"), "its bounce")
    told = [line for line in ready.git("log", "--format=%s", "refs/ccc").splitlines() if "bounced" in line]
    assert len(told) == 1
    assert told[0].startswith(f"{agent.name}: message {message[:8]} bounced: {agent.name} has failed: ")
    assert told[0].endswith(", before it wrote the message down")
    shown = [each["text"] for each in run("inbox", "--json", exit=0).json["items"]]
    assert any(WORDS in text for text in shown), shown


def test_a_receipt_that_the_transcript_of_a_closed_session_denies_is_taken_back(
    ready: Repo, spawn: Callable[..., Agent], stub: Stub, ccc: RunsCcc, tmp_path: Path
) -> None:
    """Who was stopped may be resumed, and would be told again; who is closed then never is."""
    run = RunsIn(ccc, ready.path)
    agent, message = told_in_mid_turn(ready, spawn, stub, run, tmp_path)
    os.kill(agent.pid("agent"), signal.SIGSTOP)
    not_written_down(WORDS)
    run("stop", agent.name, exit=0)
    agent.becomes("stopped")
    run("drain", exit=0)
    assert "bounced" not in ready.git("log", "--format=%s", "refs/ccc")
    run("close", agent.name, exit=0)
    told = [line for line in ready.git("log", "--format=%s", "refs/ccc").splitlines() if "bounced" in line]
    why = f"{agent.name} was closed, before it wrote the message down"
    assert told == [f"{agent.name}: message {message[:8]} bounced: {why}"]
    shown = [each["text"] for each in run("inbox", "--json", exit=0).json["items"]]
    assert any(WORDS in text for text in shown), shown


def told_in_mid_turn(
    ready: Repo, spawn: Callable[..., Agent], stub: Stub, run: RunsIn, folder: Path
) -> tuple[Agent, str]:
    """A session that got two messages in the middle of its turn and goes on; the id of the second one."""
    go = folder / "go"
    stub.scripts = {"slow": [bash(until_there(go)), bash(until_there(folder / "never"))]}
    agent = spawn("backend", "Something slow [[script:slow]]")
    until(lambda: stub.requests("slow"), "the first request")
    run("send", agent.name, "Mind the accents", exit=0)
    message = run("send", agent.name, WORDS, "--json", exit=0).json["messages"][0]["id"]
    go.touch()
    until(lambda: ready.git("log", "--format=%s", "refs/ccc").count("delivered message") == 2, "receipts")
    until(lambda: WORDS in written(), "the words in the transcript")
    return agent, message


def not_written_down(words: str) -> None:
    """Leaves the transcript as it is when the program is killed just before it writes these words."""
    (path,) = Path(os.environ["CLAUDE_CONFIG_DIR"]).glob("projects/*/*.jsonl")
    lines = path.read_bytes().splitlines(keepends=True)
    first = next(
        number for number, line in enumerate(lines) if words.encode() in line and b'"queued_command"' in line
    )
    path.write_bytes(b"".join(lines[:first]))


def test_messages_that_were_joined_into_one_turn_are_all_in_the_conversation(
    ready: Repo, spawn: Callable[..., Agent], stub: Stub, ccc: RunsCcc
) -> None:
    """Those that wait while an answer comes begin the next turn together, as one line of the transcript."""
    run = RunsIn(ccc, ready.path)
    stub.scripts = {"slow": [{"text": "a while", "delay": 2.0}, {"text": "ok"}]}
    agent = spawn("backend", "Something slow [[script:slow]]")
    until(lambda: stub.requests("slow"), "the first request")
    sent = [run("send", agent.name, text, "--json", exit=0) for text in (WORDS, "Mind the accents")]
    until(lambda: len(stub.requests("slow")) == 2, "the next turn")
    agent.becomes("idle")
    (path,) = Path(os.environ["CLAUDE_CONFIG_DIR"]).glob("projects/*/*.jsonl")
    assert {uuid_of(each.json["messages"][0]["id"]) for each in sent} <= heard(path)
