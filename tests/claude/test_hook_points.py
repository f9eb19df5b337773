"""Messages to a `claude` that a person runs in a session's worktree, told at its hook points."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ccc.demo.stub import Stub
from ccc.layout import Layout
from ccc.runs import handed, mail
from ccc.runs.files import SessionFiles
from tests.claude.conftest import RunsIn
from tests.claude.speaking import bash, until_there
from tests.support import claude
from tests.support.agents import until
from tests.support.program import RunsCcc
from tests.support.repository import Repo
from tests.support.terminal import Terminal

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

WORKS = ("--permission-mode", "dontAsk", "--allowedTools", "Bash(echo *),Bash(false),Bash(python3 *)")


@dataclass(frozen=True)
class ByHand:
    """A session worked by hand, in which a person runs the program."""

    name: str
    tree: Repo
    files: SessionFiles
    ccc: RunsIn

    def claude(self, *options: str) -> subprocess.Popen[str]:
        """The program with a prompt, as a person types it: without a pipe of ours."""
        return subprocess.Popen(
            [str(claude.program()), "-p", "do it", *WORKS, *options],
            cwd=self.tree.path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def send(self, text: str) -> str:
        """Sends a message to it; its short id."""
        return str(self.ccc("send", self.name, text, exit=0).stdout.split()[1])


Diary = Callable[[], list[str]]


@pytest.fixture
def ready(repo: Repo, claude_env: dict[str, str], ccc: RunsCcc) -> Repo:
    ccc("init", cwd=repo.path, exit=0)
    return repo


@pytest.fixture
def session(ready: Repo, ccc: RunsCcc) -> ByHand:
    run = RunsIn(ccc, ready.path)
    made = run("spawn", "backend", "By hand", "--no-start", "--json", exit=0).json["sessions"][0]
    files = SessionFiles.of(Layout(ready.common), made["id"])
    return ByHand(made["name"], Repo(Path(made["worktree"])), files, run)


@pytest.fixture
def diary(ready: Repo) -> Diary:
    return lambda: ready.git("log", "--reverse", "--format=%s", "refs/ccc").splitlines()


def receipts(diary: Diary) -> list[str]:
    return [line.partition(": ")[2] for line in diary() if "delivered message" in line]


def told(stub: Stub, words: str) -> list[int]:
    """How often each request says it."""
    return [request.said.count(words) for request in stub.requests()]


def ends(process: subprocess.Popen[str]) -> None:
    _, errors = process.communicate(timeout=90)
    assert (process.returncode, errors) == (0, "")


def test_the_worktree_stays_clean_and_a_user_s_own_settings_stay(
    ready: Repo, session: ByHand, ccc: RunsCcc
) -> None:
    assert session.tree.git("status", "--porcelain") == ""
    session.tree.git("add", "--all")
    assert session.tree.git("diff", "--cached", "--name-only") == ""
    ready.write(".ccc/config.toml", '[session]\ncopy = [".claude/*.local.json"]\n')
    ready.write(".gitignore", "*.local.json\n")
    ready.commit("Configure")
    own: dict[str, Any] = {
        "hooks": {"Stop": [{"hooks": [{"type": "command", "command": "true"}]}]},
        "env": {"A": "1"},
    }
    ready.write(".claude/settings.local.json", json.dumps(own))
    made = session.ccc("spawn", "backend", "Other", "--no-start", "--json", exit=0).json["sessions"][0]
    settings = json.loads((Path(made["worktree"]) / ".claude/settings.local.json").read_bytes())
    assert settings["env"] == {"A": "1"}
    assert settings["hooks"]["Stop"][0] == own["hooks"]["Stop"][0]
    assert len(settings["hooks"]["Stop"]) == 3
    assert Repo(Path(made["worktree"])).git("status", "--porcelain") == ""


def test_what_waits_is_told_at_the_start_and_what_comes_with_the_next_tool_s_result(
    session: ByHand, stub: Stub, diary: Diary
) -> None:
    go = session.tree.path.parent / "go"
    stub.scripts = {"*": [bash(until_there(go)), bash("echo two"), {"text": "done"}]}
    first = session.send("FIRST WORD")
    running = session.claude()
    until(stub.requests, "the first request")
    second = session.send("SECOND WORD")
    go.touch()
    ends(running)
    assert (told(stub, "FIRST WORD"), told(stub, "SECOND WORD")) == ([1, 1, 1], [0, 1, 1])
    said = json.dumps(stub.requests()[1].body["messages"])
    assert f"acknowledge with: git ccc inbox --ack {second}" in said
    until(lambda: len(receipts(diary)) == 2, "both receipts")
    assert receipts(diary) == [f"delivered message {each} in turn 1" for each in (first, second)]
    assert (mail.waiting(session.files), handed.all_of(session.files)) == ([], {})
    session.ccc("inbox", "--ack", second, cwd=session.tree.path, exit=0)


def test_a_tool_that_fails_brings_messages_too(session: ByHand, stub: Stub) -> None:
    go = session.tree.path.parent / "go"
    fails = bash(f"{until_there(go)}; false")
    stub.scripts = {"*": [fails, {"text": "done"}]}
    running = session.claude()
    until(stub.requests, "the first request")
    session.send("MIND IT")
    go.touch()
    ends(running)
    assert told(stub, "MIND IT")[1] == 1


def test_a_flood_is_told_in_portions_and_at_the_end_of_a_turn_it_goes_on_for_them(
    session: ByHand, stub: Stub, diary: Diary
) -> None:
    """The first request is told what two hooks hand over: that of the start and that of the prompt."""
    stub.scripts = {"*": [{"text": "done"}] * 9}
    for number in range(4):
        session.send(f"NUMBER-{number} " + "long " * 1100)
    ends(session.claude())
    assert [max(told(stub, f"NUMBER-{number}")) for number in range(4)] == [1, 1, 1, 1]
    assert [told(stub, f"NUMBER-{number}").index(1) for number in range(4)] == [0, 0, 1, 2]
    assert "(3 more messages wait for your next step)" in stub.requests()[0].said
    assert "A message came for you." in stub.requests()[1].said
    until(lambda: len(receipts(diary)) == 4, "the receipts")


def test_what_died_with_the_program_is_told_to_the_next_one(
    session: ByHand, stub: Stub, diary: Diary
) -> None:
    """A hook hands over, and nothing of it reaches a transcript: it did not arrive."""
    short = session.send("DO NOT LOSE ME")
    settings = json.loads((session.tree.path / ".claude/settings.local.json").read_bytes())
    command = settings["hooks"]["UserPromptSubmit"][0]["hooks"][0]["command"]
    dead = subprocess.Popen(["true"])
    dead.wait()
    document = {
        "hook_event_name": "UserPromptSubmit",
        "session_id": "dead",
        "transcript_path": str(session.tree.path.parent / "never.jsonl"),
    }
    done = subprocess.run(
        ["sh", "-c", command],
        input=json.dumps(document),
        env={**os.environ, "CLAUDE_PID": str(dead.pid)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, "DO NOT LOSE ME" in done.stdout) == (0, True)
    assert (list(handed.all_of(session.files)), receipts(diary)) == ([mail.waiting(session.files)[0].id], [])
    stub.scripts = {"*": [{"text": "done"}]}
    ends(session.claude())
    assert told(stub, "DO NOT LOSE ME") == [1]
    until(lambda: receipts(diary) == [f"delivered message {short} in turn 1"], "the receipt")


@pytest.mark.parametrize("document", ["", "{}", "[1]", '{"hook_event_name": 1}'])
def test_whatever_goes_wrong_is_never_the_code_that_blocks(session: ByHand, document: str) -> None:
    session.send("HELLO")
    settings = json.loads((session.tree.path / ".claude/settings.local.json").read_bytes())
    for event in ("PostToolUse", "Stop"):
        for entry in settings["hooks"][event]:
            done = subprocess.run(
                ["sh", "-c", entry["hooks"][0]["command"]],
                input=document,
                env={**os.environ, "CLAUDE_CODE_ENTRYPOINT": "cli", "CLAUDE_PID": "1"},
                capture_output=True,
                text=True,
                timeout=60,
            )
            assert done.returncode in (0, 1)
            assert done.stdout == ""


def test_a_worktree_of_a_person_s_own_is_left_alone_and_settings_do_it(
    ready: Repo, session: ByHand, stub: Stub, diary: Diary
) -> None:
    ready.git("worktree", "add", "--quiet", "-b", "mine", "../mine")
    tree = Repo(ready.path.parent / "mine")
    said = session.ccc("adopt", "../mine", "--name", "backend-mine", exit=0).stdout
    assert 'claude --settings "$(git ccc hook settings' in said
    assert tree.git("status", "--porcelain", "--ignored") == ""
    name = said.split()[0]
    path = session.ccc("hook", "settings", name, exit=0).stdout.strip()
    stub.scripts = {"*": [{"text": "done"}]}
    session.ccc("send", name, "WELCOME", exit=0)
    adopted = ByHand(name, tree, session.files, session.ccc)
    ends(adopted.claude("--settings", path))
    assert told(stub, "WELCOME") == [1]
    until(lambda: len(receipts(diary)) == 1, "the receipt")


@pytest.fixture
def terminal(ready: Repo, session: ByHand) -> Iterator[Terminal]:
    """The program as a person has it open in the session's worktree."""
    trusted = {str(path): {"hasTrustDialogAccepted": True} for path in (ready.path, session.tree.path)}
    seed: dict[str, Any] = {"hasCompletedOnboarding": True, "theme": "dark", "projects": trusted}
    seed["customApiKeyResponses"] = {"approved": ["dummy"], "rejected": []}
    Path(os.environ["CLAUDE_CONFIG_DIR"], ".claude.json").write_text(json.dumps(seed), encoding="utf-8")
    started = Terminal([str(claude.program())], session.tree.path, dict(os.environ))
    yield started
    started.end()


def test_a_program_that_waits_for_its_person_is_woken_by_a_message_and_nothing_is_typed(
    session: ByHand, terminal: Terminal, stub: Stub, diary: Diary
) -> None:
    stub.scripts = {"*": [{"text": "Hello."}, {"text": "I see."}, {"text": "done"}]}
    until(lambda: handed.visitor(session.files), "its start")
    until(lambda: "❯" in terminal.shown, "its prompt")
    terminal.say("good morning", stub.requests)
    refused = session.ccc("start", session.name, exit=1).stderr
    assert refused.startswith(f"error: claude is open in {session.name} (process ")
    until(lambda: "Hello." in terminal.shown, "the answer")
    short = session.send("WAKE UP")
    until(lambda: len(stub.requests()) == 2, "the request for the message")
    assert told(stub, "WAKE UP") == [0, 1]
    until(lambda: receipts(diary) == [f"delivered message {short} in turn 2"], "the receipt")
    terminal.end()
    until(lambda: handed.visitor(session.files) is None, "its end")
