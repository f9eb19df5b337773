"""Sessions in which a rehearsed agent really works; whatever still runs at the end is ended."""

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
def diary(ready: Repo) -> Callable[[], list[str]]:
    """The subjects on refs/ccc, oldest first."""
    return lambda: ready.git("log", "--reverse", "--format=%s", "refs/ccc").splitlines()


@pytest.fixture
def start(ready: Repo, ccc: RunsCcc, tmp_path: Path) -> Iterator[Starts]:
    """Spawns a session whose agent plays the steps given, one list a turn."""
    runs = ready.path / ".git" / "ccc" / "runs"
    started: list[Agent] = []

    def make(
        *turns: list[dict[str, Any]],
        task: str = "A part",
        role: str = "backend",
        options: tuple[str, ...] = (),
    ) -> Agent:
        script = tmp_path / f"script-{len(started)}.yml"
        script.write_text(yaml.safe_dump({"turns": [{"steps": steps} for steps in turns]}), encoding="utf-8")
        engine = ("--engine", f"rehearsal:{script}")
        made = ccc("spawn", role, task, *engine, "--json", *options, exit=0).json["sessions"][0]
        started.append(Agent(made["name"], made["id"], Path(made["worktree"]), ccc, runs))
        return started[-1]

    yield make
    if (ready.path / ".ccc" / "config.toml").exists():
        ccc("stop", "--all")  # what waits in the queue would start one after the other
    for agent in started:
        agent.end()
