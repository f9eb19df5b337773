"""The real program coordinates two workers, which it is, too, with the tools of `git ccc mcp` alone."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ccc.demo.stub import Stub
from tests.support import claude
from tests.support.agents import Agent
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

ONE, TWO = "implementation-one", "implementation-two"


def call(*tools: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """A step of a script: tools of the server, side by side."""
    return {"text": "next", "tools": [{"name": f"mcp__ccc__{name}", "input": given} for name, given in tools]}


def bash(command: str) -> dict[str, Any]:
    return {
        "text": "next",
        "tools": [{"name": "Bash", "input": {"command": command, "description": "a step"}}],
    }


def part(name: str) -> dict[str, Any]:
    return {"role": "implementation", "name": name, "task": f"Write part {name} [[script:worker]]"}


WORKER = [
    bash("sleep 2"),
    {
        "text": "I write.",
        "tools": [{"name": "Write", "input": {"file_path": "@CWD@/part.txt", "content": "done"}}],
    },
    bash("git add part.txt && git commit -q -m 'Write the part'"),
    bash("git ccc report --done --summary 'It is written'"),
    {"text": "It is written."},
]
BOSS = [
    call(("spawn_workers", {"workers": [part("one"), part("two")]})),
    call(("message_workers", {"workers": [TWO], "text": "Mind the umlauts"})),
    call(("wait_idle_workers", {"workers": [ONE, TWO], "timeout": 90})),
    call(("list_workers", {}), ("examine_worker", {"worker": ONE}), ("inbox", {})),
    call(("read_worker_logs", {"worker": TWO})),
    call(("annotate_worker", {"worker": TWO, "text": "Two is good", "kind": "decision"})),
    bash(f"git ccc approve {ONE}"),
    call(("close_workers", {"workers": [ONE, TWO]})),
    call(("handoff", {})),
    {"text": "Both are unchecked; landing them is yours."},
]


@pytest.fixture
def prepared(repo: Repo, claude_env: dict[str, str], ccc: RunsCcc) -> Iterator[Repo]:
    """A repository after `init`; whatever a failing test leaves running in it is ended."""
    ccc("init", exit=0)
    yield repo
    runs = repo.common / "ccc" / "runs"
    for found in ccc("status", "--all", "--json", exit=0).json["sessions"]:
        Agent(found["name"], found["id"], Path(found["worktree"] or "."), ccc, runs).end()


def answers(lines: list[dict[str, Any]]) -> dict[str, str]:
    """What each tool of the server said, by its name."""
    spoken = [line["message"] for line in lines if line["type"] in ("assistant", "user")]
    blocks = [block for message in spoken for block in message["content"] if isinstance(block, dict)]
    names = {block["id"]: block["name"] for block in blocks if block["type"] == "tool_use"}
    said = [block for block in blocks if block["type"] == "tool_result"]
    return {
        names[block["tool_use_id"]].removeprefix("mcp__ccc__"): block["content"][0]["text"]
        for block in said
        if names[block["tool_use_id"]].startswith("mcp__ccc__")
    }


def test_an_orchestrator_drives_two_workers_with_the_tools_alone(
    prepared: Repo, stub: Stub, ccc: RunsCcc, tmp_path: Path
) -> None:
    stub.scripts = {"boss": BOSS, "worker": WORKER}
    config = tmp_path / "mcp.json"
    config.write_text(json.dumps({"mcpServers": {"ccc": {"command": "git", "args": ["ccc", "mcp"]}}}))
    words = "Have both parts written by specialists [[script:boss]]"
    options = ["--strict-mcp-config", "--mcp-config", str(config), "--allowedTools", "mcp__ccc__*"]
    done = subprocess.run(
        [claude.program(), "-p", *options, "--output-format", "stream-json", "--verbose", "--", words],
        cwd=prepared.path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    said = answers(lines)
    spawned = json.loads(said["spawn_workers"])
    assert [each["name"] for each in spawned["sessions"]] == [ONE, TWO]
    waited = json.loads(said["wait_idle_workers"])
    assert (sorted(waited["done"]), waited["timed_out"]) == (
        sorted(each["id"] for each in spawned["sessions"]),
        False,
    )
    assert [each["status"] for each in json.loads(said["list_workers"])["workers"]] == ["unchecked"] * 2
    assert json.loads(said["examine_worker"])["report"]["summary"] == "It is written"
    assert {item["kind"] for item in json.loads(said["inbox"])["items"]} == {"approval"}
    assert any("Mind the umlauts" in request.said for request in stub.requests("worker"))
    read = [turn["text"] for turn in json.loads(said["read_worker_logs"])["turns"]]
    assert [words for words in ("Mind the umlauts", "It is written.") if words not in "".join(read)] == []
    assert all(each["backup"] for each in json.loads(said["close_workers"])["sessions"])
    assert "Two is good" in said["handoff"]
    (result,) = [line for line in lines if line["type"] == "result"]
    assert [each["tool_input"]["command"] for each in result["permission_denials"]] == [
        f"git ccc approve {ONE}"
    ]
    sessions = ccc("status", "--all", "--json", exit=0).json["sessions"]
    assert {each["name"]: each["status"] for each in sessions} == {ONE: "closed", TWO: "closed"}
    assert [prepared.git("show", f"{each['branch']}:part.txt") for each in sessions] == ["done", "done"]
    subjects = prepared.git("log", "--format=%s", "refs/ccc")
    assert subjects.count(": started claude") == 2
    assert not [word for word in ("approved", "landed") if word in subjects]
