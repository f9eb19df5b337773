"""Merges of histories on record: which commit joins which, so that one whose objects were pruned comes back.

No event is in them, so they are never replayed, only made again (`Publisher.rebuild`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from ccc.domain import stamps
from ccc.layout import Layout
from ccc.platform.files import write_whole
from ccc.records import dataclass
from ccc.store.history import HistoryWriter, Record
from ccc.store.wal import KEPT_SECONDS

SUFFIX = ".merge"
_DIGITS = (40, 64)


@dataclass(frozen=True)
class Merge:
    """A merge on record: its file, id, the greatest stamp behind it, the commits it joins."""

    path: Path
    oid: str
    clock: str
    heads: tuple[str, ...]

    def build(self, history: HistoryWriter) -> str:
        """Makes the objects; the id of the merge, always the same one. Raises MissingObject."""
        return history.merge(self.heads)


def folder_of(layout: Layout) -> Path:
    """Where merges are kept: beside the batches that stand on them."""
    return layout.wal / "merges"


def note(layout: Layout, record: Record) -> None:
    """Remembers a merge; to be called under the lock, before the reference moves to it."""
    folder = folder_of(layout)
    folder.mkdir(parents=True, exist_ok=True)
    heads = "".join(f"{head}\n" for head in record.commit.parents)
    write_whole(folder / f"{record.clock},{record.oid}{SUFFIX}", heads)


def kept(layout: Layout) -> Iterator[Merge]:
    """The merges on record, in the order of their stamps."""
    try:
        names = sorted(entry.name for entry in os.scandir(folder_of(layout)))
    except FileNotFoundError:
        return
    for name in names:
        clock, _, oid = name.removesuffix(SUFFIX).partition(",")
        path = folder_of(layout) / name
        heads = _heads(path) if len(oid) in _DIGITS and stamps.is_stamp(clock) else ()
        if heads:
            yield Merge(path, oid, clock, heads)


def _heads(path: Path) -> tuple[str, ...]:
    """The commits a file names; none in one that is half written."""
    try:
        lines = path.read_text(encoding="ascii", errors="replace").split("\n")[:-1]
    except FileNotFoundError:
        return ()
    return tuple(lines) if all(len(line) in _DIGITS for line in lines) else ()


def retire(layout: Layout, history: HistoryWriter) -> int:
    """Forgets merges that are as old as batches that may go, and stored; how many.

    None while a gc runs: one that begins later sees them behind the reference.
    """
    if (layout.common / "gc.pid").exists():
        return 0
    objects, count = history.objects, 0
    for merge in kept(layout):
        if _age(merge.path) < KEPT_SECONDS:
            break
        if objects.has(merge.oid) and objects.has(history.record(merge.oid).commit.tree):
            merge.path.unlink(missing_ok=True)
            count += 1
    return count


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
