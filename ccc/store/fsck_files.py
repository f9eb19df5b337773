"""Faults of the files beside `refs/ccc`: journal, write-ahead log, locks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ccc.git.formats import lock_of
from ccc.layout import Layout
from ccc.platform.processes import git_works_in
from ccc.store import wal
from ccc.store.faults import Fault
from ccc.store.protocol import REF

SETTLED_MS = 10_000
"""A file this old is not being written any more; a drain that lives needs milliseconds."""

STALE_LOCK_MS = 60_000
REPAIR = "git ccc fsck --repair"


def file_faults(layout: Layout, now: int) -> Iterator[Fault]:
    """What is wrong with the files; `now` in milliseconds."""
    yield from _torn_entries(layout, now)
    yield from _unretired(layout, now)
    yield from _stale_lock(layout, now)


def _torn_entries(layout: Layout, now: int) -> Iterator[Fault]:
    for path in torn(layout, now):
        yield Fault("torn-journal", _named(layout, path), "never finished, so never acknowledged", REPAIR)


def torn(layout: Layout, now: int) -> Iterator[Path]:
    """Journal files that their writer did not finish, and does not any more."""
    for folder in (layout.journal_new, *sorted(_below(layout.journal_claimed))):
        for path in sorted(_below(folder)):
            if path.is_file() and age_of(path, now) > SETTLED_MS and not _is_finished(path):
                yield path


def _is_finished(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            file.seek(max(path.stat().st_size - 1, 0))
            return file.read(1) == b"\n"
    except FileNotFoundError:
        return True
    except PermissionError:
        return False


def _unretired(layout: Layout, now: int) -> Iterator[Fault]:
    unreadable = [path for path, _ in wal.damaged(layout)]
    for path in [*(kept.path for kept in wal.undone(layout)), *unreadable]:
        if age_of(path, now) > SETTLED_MS:
            what = "cannot be read" if path in unreadable else "written, and not marked as done"
            yield Fault("unretired-wal", _named(layout, path), what, REPAIR)


def _stale_lock(layout: Layout, now: int) -> Iterator[Fault]:
    path = lock_of(layout.common, REF)
    if path.exists() and age_of(path, now) > STALE_LOCK_MS and not git_works_in(layout.common):
        what = f"{age_of(path, now) // 1000} s old, and no git runs here"
        yield Fault("stale-lock", _named(layout, path), what, REPAIR)


def _below(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if not path.name.startswith(".")]
    except (FileNotFoundError, NotADirectoryError):
        return []


def age_of(path: Path, now: int) -> int:
    """Milliseconds since the file was written; 0 for one that has just gone."""
    try:
        return now - path.stat().st_mtime_ns // 1_000_000
    except FileNotFoundError:
        return 0


def _named(layout: Layout, path: Path) -> str:
    return str(path.relative_to(layout.common))
