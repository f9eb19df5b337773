"""How many agents live at once, and who comes next: what is counted is processes, never what is recorded."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.agents.conftest import Starts
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = pytest.mark.slow

PLAYER = b"ccc.engines.rehearsal"


def living(runs: Path) -> set[str]:
    """Ids of the sessions below `runs` whose agents are processes now, as the system says."""
    found = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            if PLAYER not in (entry / "cmdline").read_bytes():
                continue
            environment = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        marks = [each[8:].decode().partition(".")[0] for each in environment if each.startswith(b"CCC_RUN=")]
        found |= {mark for mark in marks if (runs / mark).is_dir()}
    return found


class Watch:
    """Counts living agents again and again until it is ended."""

    def __init__(self, runs: Path) -> None:
        self.runs, self.most, self.seen = runs, 0, [set[str]()]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._count, daemon=True)

    def _count(self) -> None:
        while not self._over.is_set():
            now = living(self.runs)
            self.most = max(self.most, len(now))
            if now != self.seen[-1]:
                self.seen.append(now)
            time.sleep(0.02)

    @property
    def order(self) -> list[str]:
        """Session ids in the order in which their agents were first seen."""
        return list(dict.fromkeys(each for now in self.seen for each in sorted(now)))

    @contextmanager
    def counting(self) -> Iterator[Watch]:
        """Counts while the block runs."""
        self._thread.start()
        try:
            yield self
        finally:
            self._over.set()
            self._thread.join(10)


def part(path: str, *before: dict[str, Any]) -> list[dict[str, Any]]:
    """Steps of an agent that adds a file and says that it is done."""
    edit = {"edit": {"path": path, "content": f"{path}\n"}}
    return [*before, edit, {"commit": {"message": f"Add {path}", "status": "done"}}]


def configure(ready: Repo, text: str) -> None:
    ready.write(".ccc/config.toml", text)


def test_no_more_agents_live_than_may_and_the_queue_needs_nobody(
    ready: Repo, start: Starts, ccc: RunsCcc
) -> None:
    configure(ready, "[limits]\nparallel = 2\n")
    watch = Watch(ready.path / ".git" / "ccc" / "runs")
    with watch.counting():
        agents = [start(part(f"{number}.txt"), task=f"Part {number}") for number in range(6)]
        for agent in agents:
            agent.becomes("unchecked", patience=60)
    assert watch.most == 2
    assert watch.order == [agent.id for agent in agents]
