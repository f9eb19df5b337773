"""A specialist's day with the real program: brief, work, commit, checks, landing, messages, a death."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ccc.demo.stub import Stub
from ccc.domain.alive import seconds_between
from ccc.domain.stamps import make, now_ms, rfc3339
from ccc.layout import Layout
from ccc.ops import tending, work
from ccc.ops.background import DRAIN_LOCK
from ccc.ops.workspace import Workspace
from ccc.runs import drain
from tests.claude.conftest import RunsIn
from tests.claude.speaking import until_there
from tests.support.agents import Agent, until
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = [pytest.mark.slow, pytest.mark.cold, pytest.mark.timeout(180)]

Spawns = Callable[..., Agent]


def bash(command: str, text: str = "on it") -> dict[str, Any]:
    return {"text": text, "tools": [{"name": "Bash", "input": {"command": command, "description": "a step"}}]}


def write(path: str, content: str) -> dict[str, Any]:
    return {
        "text": "I write",
        "tools": [{"name": "Write", "input": {"file_path": f"@CWD@/{path}", "content": content}}],
    }


JWT = [
    write("auth.py", "def login():\n    return 'token'\n"),
    bash("git add -A && git commit -q -m 'Add JWT auth' -m 'Ccc-Progress: 60'"),
    bash("git ccc report --done --summary 'JWT auth is there'"),
    {"text": "JWT auth is done."},
]


def transcripts() -> str:
    """What the program has written down: it goes on from there, and writes a moment after it acts."""
    found = Path(os.environ["CLAUDE_CONFIG_DIR"]).glob("projects/*/*.jsonl")
    return "\n".join(transcript.read_text(encoding="utf-8") for transcript in found)


LONG = "python3 -c 'import time; time.sleep(60)'"


@pytest.mark.large_tree
def test_from_spawn_to_a_landed_merge(ready: Repo, spawn: Spawns, stub: Stub, ccc: RunsCcc) -> None:
    makefile = "ccc-backend:\n\t@test -f auth.py\n"
    ready.commit("Check the back end", Makefile=makefile)
    stub.scripts = {"jwt": JWT}
    agent = spawn("backend", "JWT auth", "--name", "jwt-auth")
    assert agent.name == "backend-jwt-auth"
    stub.scripts = {"*": JWT}
    run = RunsIn(ccc, ready.path)
    now = agent.becomes("verified")
    assert now["branch"] == "ccc/backend/jwt-auth"
    assert ready.git("log", "-1", "--format=%an", now["branch"]) == "Developer (backend)"
    assert run("wait", agent.name).exit == 0
    head = now["head"][:7]
    told = [
        line.partition(": ")[2] for line in reversed(ready.git("log", "--format=%s", "refs/ccc").splitlines())
    ]
    for line in (
        "started claude",
        f"committed {head} Add JWT auth",
        "progress 60 %",
        f"reported done at {head}",
        f"verified {head}: make ccc-backend exit 0",
    ):
        assert line in told
    assert run("merge", agent.name, "--yes").exit == 0
    assert ready.git("show", "main:auth.py").startswith("def login")
    assert ready.git("status", "--porcelain") == ""
    agent.becomes("completed")
    spent = agent.status()
    assert spent["tokens"]["input"] > 1000
    assert spent["cost"]["usd"] > 0


@pytest.mark.large_tree
def test_two_work_in_parallel(ready: Repo, spawn: Spawns, stub: Stub, ccc: RunsCcc) -> None:
    go = ready.path.parent / "go"
    slow = [bash(until_there(go)), *JWT]
    stub.scripts = {"one": slow, "two": [*slow[:1], write("page.py", "PAGE = 1\n"), *JWT[1:]]}
    first = spawn("backend", "Serve tokens [[script:one]]")
    second = spawn("backend", "Show a page [[script:two]]")
    first.becomes("running")
    second.becomes("running")
    go.touch()
    assert RunsIn(ccc, ready.path)("wait", first.name, second.name, "--timeout", "60").exit == 0


def test_a_message_in_mid_run_is_in_the_next_request(
    ready: Repo, spawn: Spawns, stub: Stub, ccc: RunsCcc
) -> None:
    go = ready.path.parent / "go"
    stub.scripts = {"slow": [bash(until_there(go)), bash("echo two"), *JWT]}
    agent = spawn("backend", "Something slow [[script:slow]]")
    until(lambda: stub.requests("slow"), "the first request")
    RunsIn(ccc, ready.path)("send", agent.name, "Mind the umlauts", exit=0)
    go.touch()
    until(lambda: len(stub.requests("slow")) > 1, "the second request")
    assert "Mind the umlauts" in stub.requests("slow")[1].said
    until(lambda: "delivered message" in ready.git("log", "--format=%s", "refs/ccc"), "the receipt")
    agent.becomes("unchecked", "verified")


def test_a_question_is_answered(ready: Repo, spawn: Spawns, stub: Stub, ccc: RunsCcc) -> None:
    stub.scripts = {
        "ask": [bash("git ccc ask 'Which store?' --choice sqlite --choice files"), {"text": "I wait."}, *JWT]
    }
    agent = spawn("backend", "Ask first [[script:ask]]")
    agent.becomes("waiting")
    run = RunsIn(ccc, ready.path)
    item = next(each for each in run("inbox", "--json", exit=0).json["items"] if each["kind"] == "question")
    assert item["choices"] == ["sqlite", "files"]
    run("answer", item["id"][:8], "--choice", "1", exit=0)
    agent.becomes("unchecked", "verified")
    assert any("sqlite" in request.said for request in stub.requests("ask")[2:])


def test_a_denied_tool_is_shown(ready: Repo, spawn: Spawns, stub: Stub, ccc: RunsCcc) -> None:
    stub.scripts = {"deny": [bash("curl http://127.0.0.1:1/"), {"text": "I was not allowed."}]}
    agent = spawn("writing", "Fetch something [[script:deny]]")
    until(lambda: "was denied Bash: curl" in ready.git("log", "--format=%s", "refs/ccc"), "the denial")
    run = RunsIn(ccc, ready.path)
    assert "was denied Bash" in run("inbox", exit=0).stdout
    agent.becomes("idle")
    until(lambda: len(stub.requests("deny")) > 2, "the reminder, which begins another turn")
    assert run("inbox", exit=0).stdout.count("was denied Bash") == 1


def test_who_looks_after_agents_stays_until_a_turn_that_ended_has_settled(
    ready: Repo, spawn: Spawns, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing calls another one then, and an agent that ended its turn in silence was never reminded."""
    stub.scripts = {"quick": [bash("git ccc report --done --summary 'It is there'"), {"text": "Done."}]}
    agent = spawn("writing", "Be quick [[script:quick]]")
    until(lambda: agent.life()["phase"] == "idle", "the end of its turn")
    layout = Layout(ready.common)
    locks = (layout.root / DRAIN_LOCK, layout.worker_lock)
    until(lambda: not any(map(drain.held, locks)), "nobody at work")
    for module in (work, tending):
        monkeypatch.setattr(module, "SETTLE_SECONDS", 15.0)
    monkeypatch.setattr(work, "LINGER_SECONDS", 0.0)
    ended = agent.life()["at"]
    work.background(Workspace.open(ready.path, os.environ))
    while any(map(drain.held, locks)):  # its host had called another one meanwhile, and this one left
        until(lambda: not any(map(drain.held, locks)), "nobody at work")
        work.background(Workspace.open(ready.path, os.environ))
    assert seconds_between(ended, rfc3339(make(now_ms(), 0, "0"))) >= 15.0


def test_a_stop_leaves_nothing_and_a_resume_keeps_the_conversation(
    ready: Repo, spawn: Spawns, stub: Stub, ccc: RunsCcc
) -> None:
    stub.scripts = {"long": [bash(LONG), *JWT]}
    agent = spawn("backend", "Take long [[script:long]]")
    until(lambda: len(agent.processes()) > 2, "its tool")
    run = RunsIn(ccc, ready.path)
    run("stop", agent.name, exit=0)
    assert agent.processes() == []
    assert agent.status()["status"] == "stopped"
    run("resume", agent.name, exit=0)
    agent.becomes("unchecked", "verified")
    sessions = {request.session for request in stub.requests("long")}
    assert len(sessions) == 1


def test_a_killed_program_goes_on_in_the_same_conversation(ready: Repo, spawn: Spawns, stub: Stub) -> None:
    stub.scripts = {"long": [bash(LONG), *JWT]}
    agent = spawn("backend", "Take long [[script:long]]")
    until(lambda: len(agent.processes()) > 2 and "tool_use" in transcripts(), "its tool, and word of it")
    os.kill(agent.pid("agent"), signal.SIGKILL)
    agent.becomes("unchecked", "verified")
    assert len({request.session for request in stub.requests("long")}) == 1
    assert agent.status()["restarts"] == 1


def test_who_is_not_logged_in_is_told(ready: Repo, spawn: Spawns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    agent = spawn("backend", "Anything")
    assert "run claude once by hand and log in" in agent.becomes("failed")["evidence"][0]["what"]


def test_an_api_that_fails_for_good_is_no_success(ready: Repo, spawn: Spawns, stub: Stub) -> None:
    stub.scripts = {"*": [{"fail_always": {"status": 400, "message": "the stub refuses"}}]}
    agent = spawn("backend", "Anything")
    assert "the stub refuses" in agent.becomes("failed")["evidence"][0]["what"]


def test_a_sub_agent_in_the_background_is_not_idle(ready: Repo, spawn: Spawns, stub: Stub) -> None:
    task = {"description": "sub job", "prompt": "Do it [[script:sub]]", "subagent_type": "general-purpose"}
    start = {"text": "sub", "tools": [{"name": "Agent", "input": {**task, "run_in_background": True}}]}
    go = ready.path.parent / "go"
    stub.scripts = {
        "bg": [start, {"text": "My turn is over."}],
        "sub": [bash(until_there(go)), {"text": "sub done"}],
    }
    agent = spawn("backend", "Use a helper [[script:bg]]")
    until(lambda: "background" in str(agent.status()["evidence"]), "a background task")
    now = agent.status()
    assert now["status"] == "running"
    go.touch()
    agent.becomes("idle")


def test_going_on_from_a_session_takes_its_conversation_along(ready: Repo, spawn: Spawns, stub: Stub) -> None:
    stub.scripts = {"*": [{"text": "The secret word is maple."}], "next": JWT}
    first = spawn("analysis", "Find out")
    first.becomes("idle")
    second = spawn("backend", "Use it [[script:next]]", "--from", first.name)
    second.becomes("unchecked", "verified")
    asked = stub.requests("next")[0]
    assert "The secret word is maple." in asked.said
    assert asked.session not in {
        request.session for request in stub.requests() if request.place.script is None
    }
    assert f"What you go on from: {first.name}" in asked.said


def test_a_conversation_that_is_lost_is_begun_anew(
    ready: Repo, spawn: Spawns, stub: Stub, ccc: RunsCcc
) -> None:
    stub.scripts = {"*": [{"text": "I wait."}]}
    agent = spawn("backend", "Go on after a loss")
    agent.becomes("idle")
    run = RunsIn(ccc, ready.path)
    run("stop", agent.name, exit=0)
    for transcript in Path(os.environ["CLAUDE_CONFIG_DIR"]).glob("projects/*/*.jsonl"):
        transcript.unlink()
    stub.scripts = {"*": JWT}
    run("resume", agent.name, exit=0)
    agent.becomes("unchecked", "verified")
    assert "An earlier conversation about your task is lost" in stub.requests()[-1].said


def test_writing_outside_the_worktree_is_denied(ready: Repo, spawn: Spawns, stub: Stub) -> None:
    outside = {"file_path": str(ready.path / "escaped.txt"), "content": "x"}
    stub.scripts = {"*": [{"text": "out", "tools": [{"name": "Write", "input": outside}]}, *JWT]}
    agent = spawn("backend", "Write outside")
    agent.becomes("unchecked", "verified")
    assert not (ready.path / "escaped.txt").exists()
    until(lambda: "was denied Write" in ready.git("log", "--format=%s", "refs/ccc"), "the denial")


def test_a_message_that_the_killed_program_had_not_written_down_is_told_again(
    ready: Repo, spawn: Spawns, stub: Stub, ccc: RunsCcc
) -> None:
    """The receipt is seen in the stream; the transcript, from which it goes on, is written a moment later."""
    go, further = (ready.path.parent / name for name in ("go", "further"))
    stub.scripts = {"slow": [bash(until_there(go)), bash(until_there(further)), *JWT]}
    agent = spawn("backend", "Something slow [[script:slow]]")
    until(lambda: stub.requests("slow"), "the first request")
    run = RunsIn(ccc, ready.path)
    run("send", agent.name, "Mind the umlauts", exit=0)
    go.touch()
    until(lambda: "delivered message" in ready.git("log", "--format=%s", "refs/ccc"), "the receipt")
    until(lambda: "umlauts" in transcripts(), "the words in the transcript")
    run("stop", agent.name, exit=0)
    (transcript,) = Path(os.environ["CLAUDE_CONFIG_DIR"]).glob("projects/*/*.jsonl")
    lines = transcript.read_bytes().splitlines(keepends=True)
    written = next(number for number, line in enumerate(lines) if b"umlauts" in line)
    transcript.write_bytes(b"".join(lines[:written]))
    before = len(stub.requests())
    run("resume", agent.name, exit=0)
    until(lambda: len(stub.requests()) > before, "its next request")
    further.touch()
    until(lambda: any("umlauts" in request.said for request in stub.requests()[before:]), "it, once more")
    agent.becomes("unchecked", "verified")
    until(lambda: ready.git("log", "--format=%s", "refs/ccc").count("delivered message") == 2, "receipts")
