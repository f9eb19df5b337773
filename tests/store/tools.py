"""What the tests of the store share: stores of every kind, drafts, a second process."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ccc.domain.canonical import Value
from ccc.domain.events import Draft
from ccc.domain.stamps import now_ms
from ccc.git.backend import VARIABLE as BACKEND
from ccc.git.backend import choose
from ccc.git.command import Git
from ccc.git.objects import Backend
from ccc.layout import Layout
from ccc.store.crashpoints import VARIABLE
from ccc.store.faults import Fault
from ccc.store.fsck import fsck
from ccc.store.gitstore import GitStore
from ccc.store.memory import MemoryStore
from ccc.store.memory_objects import MemoryObjects
from ccc.store.protocol import JournalEntry, Observe, Reader, State
from ccc.store.reader import GitReader, nothing_observed

START_MS = 1_790_000_000_000
DEVELOPER = "Developer <developer@example.com>"
PROJECT = Path(__file__).resolve().parents[2]


@dataclass
class Clock:
    """A wall clock that moves a millisecond with every look."""

    at_ms: int = START_MS
    _ticks: itertools.count[int] = field(default_factory=itertools.count)

    def __call__(self) -> int:
        return self.at_ms + next(self._ticks)


def progress(session: str, percent: Value, source: str | None = None) -> Draft:
    """A plain fact of a session."""
    changes = {f"sessions/{session}": {"progress": percent}}
    return Draft(
        "session.progressed", session, f"progress {percent} %", changes, session=session, source=source
    )


def backend_of(common: Path) -> Backend:
    """Objects and references of a repository: as `CCC_BACKEND` says, else by probing."""
    return choose(common, Git(common), os.environ).backend


def git_store(
    common: Path,
    *,
    lane: str | None = None,
    now: Callable[[], int] | None = None,
    observe: Observe | None = None,
) -> GitStore:
    """The store of a repository; without `now` by the real clock, without `observe` as `observe_hooks`."""
    return GitStore(
        Layout(common),
        Git(common),
        objects=backend_of(common),
        identity=lambda: DEVELOPER,
        observe=observe or observe_hooks,
        lane=lane,
        now=now or now_ms,
    )


def memory_store(
    *, lane: str | None = None, now: Callable[[], int] | None = None, algorithm: str = "sha1"
) -> MemoryStore:
    """A store in memory with the same identity; `algorithm` names its objects."""
    objects = MemoryObjects(algorithm)
    return MemoryStore(objects=objects, identity=lambda: DEVELOPER, lane=lane, now=now or now_ms)


def observe_hooks(state: State, entries: Sequence[JournalEntry]) -> Sequence[Draft]:
    """Records each note `hook <session>` once; a note of another shape cannot be read."""
    found = []
    for entry in entries:
        word, _, session = entry.line.partition(" ")
        if word != "hook":
            raise ValueError(f"no hook's note: {entry.line}")
        found.append(Draft("session.committed", session, "committed", data=session, source=entry.source))
    return found


def texts(reader: Reader) -> list[str]:
    """The diary, oldest first."""
    return [f"{logged.event.subject}: {logged.event.text}" for logged in reversed(list(reader.log()))]


def faults_of(common: Path, now: int | None = None) -> list[Fault]:
    """What fsck finds."""
    return fsck(Layout(common), Git(common), backend_of(common), now_ms() if now is None else now)


def reader_of(common: Path) -> GitReader:
    """A reader that observes like the stores of these tests."""
    return GitReader(Layout(common), Git(common), observe=observe_hooks)


def in_other_process(common: Path, code: str, *, stop_at: str = "") -> subprocess.Popen[bytes]:
    """Starts `code` in another Python, with `store` on the repository; killed at the point `stop_at`."""
    prelude = "import sys; from pathlib import Path; from tests.store.tools import *; "
    script = f"{prelude}store = git_store(Path(sys.argv[1]))\n{code}"
    environment = {**os.environ, VARIABLE: stop_at, "PYTHONPATH": str(PROJECT)}
    return subprocess.Popen(
        [sys.executable, "-c", script, str(common)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


__all__ = [
    "BACKEND",
    "DEVELOPER",
    "START_MS",
    "Clock",
    "Draft",
    "backend_of",
    "faults_of",
    "git_store",
    "in_other_process",
    "memory_store",
    "nothing_observed",
    "observe_hooks",
    "progress",
    "reader_of",
    "texts",
]
