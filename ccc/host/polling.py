"""Looking at worktrees that the system does not watch: git says what is not committed, times say the rest."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from ccc.errors import GitFailed
from ccc.git.command import Git

REST = 50.0
"""After so many times as long as looking took, the next one is looked at: 2 % of a processor for all."""

LEAST_SECONDS = 2.0
ASKED = ("status", "--porcelain", "-z", "--untracked-files=all", "--no-renames", "--ignore-submodules=all")


class Polling:
    """One worktree after the other."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}
        self._order: list[str] = []
        self._due = 0.0

    def next(self, places: Mapping[str, Path]) -> float | None:
        """When to look again, seconds of the monotonic clock; None where there is nothing to look at."""
        return self._due if places else None

    def look(self, places: Mapping[str, Path]) -> str | None:
        """Looks at the next one if it is time to; its name where it changed since the last time."""
        started = time.monotonic()
        if not places or started < self._due:
            return None
        self._order = [name for name in self._order if name in places] or sorted(places)
        name = self._order.pop(0)
        now = _signature(places[name])
        ended = time.monotonic()
        self._due = ended + max(LEAST_SECONDS / len(places), REST * (ended - started))
        before, self._seen[name] = self._seen.get(name), now
        return None if before in (None, now) else name


def _signature(top: Path) -> int:
    try:
        rows = Git(top).run(*ASKED).out
    except GitFailed:
        return 0
    return hash((rows, tuple(_times(top, rows))))


def _times(top: Path, rows: bytes) -> Iterator[tuple[int, int]]:
    for row in rows.decode("utf-8", "surrogateescape").split("\0"):
        try:
            found = (top / row[3:]).lstat()
        except OSError:
            continue
        yield found.st_mtime_ns, found.st_size
