"""A session in which an agent works, seen through ccc's own commands and through the system."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ccc.layout import Layout
from ccc.platform import processes, table, trees
from ccc.runs import hosts
from ccc.runs.files import write_json
from tests.support.program import RunsCcc

PATIENCE = 90.0
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


DONE = [
    {"edit": {"path": "part.txt", "content": "done\n"}},
    {"commit": {"message": "Do the part", "status": "done"}},
]
"""Steps of an agent that does its part and says so."""


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
        """What the host of a run, or of the last one that has spoken, wrote last."""
        lives = {int(path.parent.name): path for path in (self.runs / self.id).glob("[0-9]*/life.json")}
        path = (
            lives.get(max(lives, default=0)) if run is None else self.runs / self.id / str(run) / "life.json"
        )
        assert path is not None, f"no host of {self.name} has spoken"
        found: dict[str, Any] = json.loads(path.read_bytes())
        return found

    def pid(self, who: str) -> int:
        """The process id of its `agent` or its `host`."""
        return int(until(lambda: self.life()[who], who).split(" ")[0])

    def processes(self) -> list[int]:
        """Every process that its agent started, and the agent."""
        runs = [path.name for path in (self.runs / self.id).iterdir() if path.name.isdecimal()]
        return [pid for run in runs for pid in trees.marked("CCC_RUN", f"{self.id}.{run}")]

    def end(self) -> None:
        """Ends whatever a test left running, by process id, and whoever would bring it back."""
        for _ in range(20):
            for pid in self._drains():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._end_runs()
            entry = hosts.read(Layout(self.runs.parent.parent), self.id)
            if entry is None or not entry.alive:
                return

    def _drains(self) -> list[int]:
        pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
        common = os.fsencode(self.runs.parent.parent)
        lines = {pid: table.command(pid) for pid in pids if pid != os.getpid()}
        return [pid for pid, line in lines.items() if common in line and b"drain" in line]

    def _end_runs(self) -> None:
        for path in sorted((self.runs / self.id).glob("*/life.json")):
            write_json(path.parent / "control" / "stop-end.json", {"kind": "stop", "why": "the test is over"})
            host = json.loads(path.read_bytes())["host"]
            marker = ("CCC_RUN", f"{self.id}.{path.parent.name}")
            trees.Tree(host if processes.alive(host) else None, marker).end(0.2)
