"""What `git ccc output` tells of the real program's work: while it goes on, afterwards, and from its log."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ccc.demo.stub import Stub
from tests.claude.conftest import RunsIn
from tests.claude.speaking import bash
from tests.support.agents import Agent, until
from tests.support.program import Outcome, RunsCcc
from tests.support.repository import Repo

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

HELP = {"description": "look around", "prompt": "[[script:aside]] look", "subagent_type": "general-purpose"}
DAY = [
    {"thinking": "first the word", **bash("git commit -q --allow-empty -m 'Add a word'")},
    bash("git no-such-command"),
    {"tools": [{"name": "Agent", "input": HELP}]},
    {"text": "That was all.", "delay": 2.0},
]
ASIDE = [bash("git status --short"), {"text": "Nothing to see."}]

Spawns = Callable[..., Agent]


def told(turns: list[dict[str, Any]]) -> set[tuple[str, str | None, bool | None]]:
    return {(turn["role"], turn["tool"], turn["ok"]) for turn in turns}


def test_a_conversation_is_followed_and_read_again_without_its_transcript(
    ready: Repo, spawn: Spawns, stub: Stub, ccc: RunsCcc
) -> None:
    stub.scripts = {"*": DAY, "aside": ASIDE}
    agent = spawn("backend", "Say a word")
    run = RunsIn(ccc, ready.path)
    transcripts = Path(os.environ["CLAUDE_CONFIG_DIR"]) / "projects"
    until(lambda: list(transcripts.glob("*/*.jsonl")), "its transcript")
    command = [sys.executable, "-m", "ccc", "output", agent.name, "-f", "--json"]
    with subprocess.Popen(command, cwd=ready.path, stdout=subprocess.PIPE, text=True) as process:
        agent.becomes("idle")
        until(lambda: "Nothing to see." in texts(run("output", agent.name, "--json", exit=0).json), "its end")
        run("stop", agent.name, exit=0)
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    pages = Outcome(tuple(command), 0, output, "").json_lines
    followed = [turn for page in pages for turn in page["turns"]]
    assert [turn["n"] for turn in followed] == list(range(1, len(followed) + 1))
    assert {
        ("person", None, None),
        ("agent", "Bash", None),
        ("agent", "Agent", None),
        ("sub-agent", "Bash", None),
        ("tool", None, True),
        ("tool", None, False),
    } <= told(followed)
    whole = run("output", agent.name, "--json", exit=0)
    assert whole.stderr == ""
    assert sorted(texts(whole.json)) == sorted(turn["text"] for turn in followed)
    assert not [text for text in texts(whole.json) if "first the word" in text]
    shutil.rmtree(transcripts)
    log = run("output", agent.name, "--json", exit=0)
    assert log.stderr.startswith("no transcript ")
    without = {*texts(whole.json)} - {*texts(log.json)}
    assert without == {'Agent "look around" finished\nNothing to see.'}
    assert "a sub-agent finished\nNothing to see." in texts(log.json)


def texts(page: dict[str, Any]) -> list[str]:
    return [turn["text"] for turn in page["turns"]]
