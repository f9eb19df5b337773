"""Sessions in which a rehearsed agent really works; whatever still runs at the end is ended and told."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from ccc.platform import processes, trees
from tests.support.program import RunsCcc
from tests.support.repository import Repo

PATIENCE = 40.0
"""Seconds that something may take on a loaded machine before a test gives up."""


def until(seen: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """Waits until something is true, and gives it; fails saying what never came."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        found = seen()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"never came: {what}")


@dataclass(frozen=True)
class Agent:
    """A session with an agent, seen through ccc's own commands and through the system."""

    name: str
    id: str
    path: Path
    ccc: RunsCcc
    runs: Path

    def status(self) -> dict[str, Any]:
        """The session as `git ccc status --json` shows it now."""
        found: dict[str, Any] = self.ccc("status", self.name, "--json", exit=0).json["sessions"][0]
        return found

    def becomes(self, *statuses: str, patience: float = PATIENCE) -> dict[str, Any]:
        """Waits until the status is one of these."""
        last: list[str] = []

        def look() -> dict[str, Any] | None:
            now = self.status()
            last[:] = [now["status"], str(now["evidence"])]
            return now if now["status"] in statuses else None

        try:
            found: dict[str, Any] = until(look, f"{self.name} {statuses}", patience)
        except AssertionError as error:
            raise AssertionError(f"{error}; last seen {last}") from None
        return found

    def life(self, run: int | None = None) -> dict[str, Any]:
        """What the host wrote last, with the bare process ids."""
        folders = [int(path.name) for path in (self.runs / self.id).iterdir() if path.name.isdecimal()]
        folder = self.runs / self.id / str(run or max(folders))
        found: dict[str, Any] = json.loads((folder / "life.json").read_bytes())
        return found

    def pid(self, who: str) -> int:
        """The process id of its `agent` or its `host`."""
        return int(until(lambda: self.life()[who], who).split(" ")[0])

    def processes(self) -> list[int]:
        """Every process that its agent started, and the agent."""
        runs = [path.name for path in (self.runs / self.id).iterdir() if path.name.isdecimal()]
        return [pid for run in runs for pid in trees.marked("CCC_RUN", f"{self.id}.{run}")]


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
    for agent in started:
        _end(agent)


def _end(agent: Agent) -> None:
    """Whatever a test left running, by process id."""
    for path in sorted((agent.runs / agent.id).glob("*/life.json")):
        host = json.loads(path.read_bytes())["host"]
        tree = trees.Tree(
            host if processes.alive(host) else None, ("CCC_RUN", f"{agent.id}.{path.parent.name}")
        )
        tree.end(0.2)


DONE = [
    {"edit": {"path": "part.txt", "content": "done\n"}},
    {"commit": {"message": "Do the part", "status": "done"}},
]
"""Steps of an agent that does its part and says so."""
