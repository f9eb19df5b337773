"""The skill and the slash commands in the real program: listed, expanded, and enough to drive ccc with."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ccc.demo.stub import Stub
from tests.support import claude
from tests.support.agents import Agent
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

NAMES = ("handoff", "inbox", "merge", "review", "spawn", "status")
INLINE = {
    "handoff": ("# Hand-off",),
    "inbox": ("nothing waits for you",),
    "merge": ("backend-log-in", "nothing waits to land"),
    "review": ("backend-log-in",),
    "spawn": ("Builds services", "backend-log-in"),
    "status": ("backend-log-in",),
}
"""What ccc prints into a command while it is expanded, in a repository with one session."""


@dataclass(frozen=True)
class Told:
    """What one call of the program printed, line by line."""

    lines: Sequence[dict[str, Any]]

    @property
    def init(self) -> dict[str, Any]:
        return next(line for line in self.lines if line.get("subtype") == "init")

    @property
    def denied(self) -> list[str]:
        """The commands that it was not allowed to run."""
        results = [line for line in self.lines if line["type"] == "result"]
        return sorted(
            {each["tool_input"]["command"] for line in results for each in line["permission_denials"]}
        )


def ask(place: Path, words: str, *options: str) -> Told:
    """`claude -p WORDS` in a folder, with no permissions but those it gives itself."""
    done = subprocess.run(
        [claude.program(), "-p", words, *options, "--output-format", "stream-json", "--verbose"],
        cwd=place,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Told([json.loads(line) for line in done.stdout.splitlines()])


@pytest.fixture
def installed(repo: Repo, claude_env: dict[str, str], ccc: RunsCcc) -> Repo:
    """A repository, and the kit in the program's configuration."""
    ccc("init", "--claude", exit=0)
    return repo


@pytest.fixture
def worked(installed: Repo, ccc: RunsCcc) -> Repo:
    """The same with one session, worked by hand."""
    ccc("spawn", "backend", "Log in", "--no-start", exit=0)
    return installed


def test_the_program_lists_the_skill_and_the_commands(installed: Repo, stub: Stub) -> None:
    init = ask(installed.path, "hello").init
    assert "ccc" in init["skills"]
    assert {"ccc", *(f"ccc-{name}" for name in NAMES)} <= set(init["slash_commands"])
    (request, *_) = stub.requests()
    assert "Coordinates several coding agents" in json.dumps(request.body)


@pytest.mark.parametrize("name", NAMES)
def test_a_command_is_expanded_with_what_ccc_says_now(worked: Repo, stub: Stub, name: str) -> None:
    told = ask(worked.path, f"/ccc-{name} the first one")
    (request, *_) = stub.requests()
    assert "the first one" in request.said
    assert [words for words in INLINE[name] if words not in request.said] == []
    assert "!`" not in request.said
    assert told.denied == []


@pytest.mark.parametrize("name", NAMES)
def test_a_command_reaches_the_model_even_where_ccc_refuses(
    installed: Repo, stub: Stub, tmp_path: Path, name: str
) -> None:
    other = Repo(tmp_path / "other")
    other.path.mkdir()
    other.git("init", "-q")
    ask(other.path, f"/ccc-{name}")
    (request, *_) = stub.requests()
    assert "ccc is not initialised in this repository\\nhint: git ccc init" in request.said


def tools(*commands: str, background: bool = False) -> dict[str, Any]:
    """A step of a script: these commands, each by a call of Bash."""
    extra = {"run_in_background": True} if background else {}
    given = [{"command": command, "description": "a step", **extra} for command in commands]
    return {"text": "next", "tools": [{"name": "Bash", "input": each} for each in given]}


def spawning(name: str) -> str:
    words = f"Write part {name}; don't touch `auth`. [[script:worker]]"
    return f"git ccc spawn implementation --name {name} --key {name} - <<'TASK'\n{words}\nTASK"


WORKER = [
    {
        "text": "I write.",
        "tools": [{"name": "Write", "input": {"file_path": "@CWD@/part.txt", "content": "done"}}],
    },
    tools("git add part.txt && git commit -q -m 'Write the part'"),
    tools("git ccc report --done --summary 'It is written'"),
    {"text": "It is written."},
]
ONE, TWO = "implementation-one", "implementation-two"
ORCHESTRATOR = [
    {"text": "I look how.", "tools": [{"name": "Skill", "input": {"skill": "ccc"}}]},
    tools("git ccc roles", spawning("one"), spawning("two")),
    tools(f"git ccc wait --json {ONE} {TWO}", background=True),
    {"text": "I am woken when they are done."},
    tools("git ccc inbox", f"git ccc show {ONE}", f"git ccc output {TWO} -n 20", f"git ccc review {TWO}"),
    tools(f"git ccc note --session {ONE} --kind decision 'One is good'"),
    tools(f"git ccc merge --yes {ONE}", f"git ccc approve {TWO}", "git ccc stop --all"),
    tools(f"git ccc close {ONE} {TWO}"),
    {"text": f"Both are unchecked. To land: git ccc merge {ONE} {TWO}"},
]


@pytest.fixture
def ended(installed: Repo, ccc: RunsCcc) -> Iterator[None]:
    """Ends what the orchestrator started and a failing test left."""
    yield
    runs = installed.common / "ccc" / "runs"
    for found in ccc("status", "--all", "--json", exit=0).json["sessions"]:
        Agent(found["name"], found["id"], Path(found["worktree"] or "."), ccc, runs).end()


def test_an_orchestrator_drives_two_workers_with_the_skill(
    installed: Repo, claude_env: dict[str, str], stub: Stub, ccc: RunsCcc, ended: None
) -> None:
    stub.scripts = {"boss": ORCHESTRATOR, "worker": WORKER}
    leave = Path(claude_env["CLAUDE_CONFIG_DIR"]) / "skills/ccc/permissions.json"
    words = "Have both parts written by specialists [[script:boss]]"
    told = ask(installed.path, words, "--settings", str(leave))
    assert told.denied == ["git ccc approve " + TWO, "git ccc merge --yes " + ONE, "git ccc stop --all"]
    said = stub.requests("boss")[-1].said
    assert [words for words in ("# Driving ccc", "It is written", "noted ") if words not in said] == []
    assert "error:" not in said
    sessions = {each["name"]: each for each in ccc("status", "--all", "--json", exit=0).json["sessions"]}
    assert {name: each["status"] for name, each in sessions.items()} == {ONE: "closed", TWO: "closed"}
    for each in sessions.values():
        assert installed.git("show", f"{each['branch']}:part.txt") == "done"
    subjects = installed.git("log", "--format=%s", "refs/ccc")
    assert subjects.count(": started claude") == 2
    assert not [word for word in ("approved", "landed") if word in subjects]
