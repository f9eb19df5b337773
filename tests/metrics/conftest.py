"""Sessions in which a rehearsed agent works and spends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.agents import Agent
from tests.support.program import RunsCcc
from tests.support.repository import Repo

Starts = Callable[..., Agent]


@pytest.fixture
def ready(repo: Repo, ccc: RunsCcc) -> Repo:
    """The repository after `init`."""
    ccc("init", exit=0)
    return repo


@pytest.fixture
def start(ready: Repo, ccc: RunsCcc, tmp_path: Path) -> Iterator[Starts]:
    """Spawns a session whose agent plays the steps given, one list a turn; ended after the test."""
    runs = ready.path / ".git" / "ccc" / "runs"
    started: list[Agent] = []

    def make(*turns: list[dict[str, Any]], role: str = "backend", engine: str | None = None) -> Agent:
        script = tmp_path / f"script-{len(started)}.yml"
        script.write_text(yaml.safe_dump({"turns": [{"steps": steps} for steps in turns]}), encoding="utf-8")
        options = ("--engine", engine or f"rehearsal:{script}", "--json")
        made = ccc("spawn", role, f"Part {len(started)}", *options, exit=0).json["sessions"][0]
        started.append(Agent(made["name"], made["id"], Path(made["worktree"]), ccc, runs))
        return started[-1]

    yield make
    for agent in started:
        agent.end()
