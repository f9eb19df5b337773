"""A program that hands its descriptors on: what ccc itself does beside it never holds the session."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.agents.conftest import Starts
from tests.support.agents import Agent, until
from tests.support.program import RunsCcc
from tests.support.repository import Repo

ENGINE = """\
[engines.shell]
command = ["sh", "-c", "git commit --quiet --allow-empty --message=Begin; sleep 300; true"]
"""


def holders(lock: Path) -> list[str]:
    """The command lines of those who have a file open."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdecimal() and any(each.samefile(lock) for each in (process / "fd").iterdir()):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


@pytest.mark.slow
def test_the_drain_that_an_agents_hook_started_does_not_hold_the_session(
    ready: Repo, start: Starts, ccc: RunsCcc
) -> None:
    ready.commit("An engine", {".ccc/config.toml": ENGINE})
    until(lambda: not (ready.path / ".git" / "ccc" / "drain.pid").exists(), "quiet")
    made = ccc("spawn", "backend", "A part", "--engine", "shell", "--json", exit=0).json["sessions"][0]
    agent = Agent(made["name"], made["id"], Path(made["worktree"]), ccc, ready.path / ".git" / "ccc" / "runs")
    try:
        lock = agent.runs / agent.id / "lock"
        until(lambda: (ready.path / ".git" / "ccc" / "drain.pid").exists(), "the drain that its hook started")
        found = holders(lock)
        assert len(found) >= 2, found
        assert [each for each in found if " drain " in each] == []
    finally:
        agent.end()
