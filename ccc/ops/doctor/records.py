"""Checks of pending work: locks, journal, write-ahead log, the tip, interrupted landings."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from ccc.errors import StoreBusy
from ccc.git import repository as repositories
from ccc.git.formats import lock_of
from ccc.ops import intents, undoings
from ccc.ops.doctor.finding import FIX, Finding
from ccc.ops.intents import LAND_LOCK
from ccc.ops.sync import enabled as sharing
from ccc.ops.sync import place
from ccc.ops.workspace import Workspace
from ccc.platform import processes
from ccc.runs.drain import held
from ccc.store import journal as journals
from ccc.store import tips, wal
from ccc.store.lock import holder, locked
from ccc.store.protocol import REF
from ccc.store.restoring import lacks

PATIENCE = 1.0
"""Seconds a lock may be held by ordinary work before it is a finding."""

BACKLOG_SECONDS = 60.0
STALE_LOCK_SECONDS = 60.0


def lock(workspace: Workspace) -> Iterator[Finding]:
    """Whether the state's lock is free, and who holds it."""
    path = workspace.layout.lock
    try:
        with locked(path, timeout=PATIENCE):
            yield Finding("lock", True, "free")
    except StoreBusy:
        pid = holder(path)
        who = f"process {pid}" if pid else "another process"
        step = f"look at it: ps -p {pid}" if pid else "close other programs that use this repository"
        yield Finding("lock", False, f"held by {who} for more than {PATIENCE:g} s", step)


def reference_lock(workspace: Workspace) -> Iterator[Finding]:
    """Whether a killed git left `refs/ccc` locked: that blocks everybody for ever (FACTS)."""
    path = stale_lock(workspace)
    if path is None:
        yield Finding("ref lock", True, "none")
    else:
        yield Finding("ref lock", False, f"{path} was left behind", FIX)


def stale_lock(workspace: Workspace) -> Path | None:
    """The lock file of `refs/ccc`, if it is older than any git that runs would keep it."""
    path = lock_of(workspace.layout.common, REF)
    try:
        age = processes.seconds_since(path.stat().st_mtime)
    except FileNotFoundError:
        return None
    return path if age > STALE_LOCK_SECONDS else None


def journal(workspace: Workspace) -> Iterator[Finding]:
    """Whether what hooks noted is being recorded, and whether all of it could be read."""
    layout = workspace.layout
    bad = sorted(layout.journal_bad.iterdir()) if layout.journal_bad.is_dir() else []
    if bad:
        words = f"{len(bad)} unreadable entries were set aside in {layout.journal_bad}"
        yield Finding("journal", False, words, "look at them, then delete them")
        return
    waiting = journals.waiting(layout)
    oldest = min((one.at_ns for one in waiting), default=time.time_ns())
    late = time.time_ns() - oldest > BACKLOG_SECONDS * 1e9
    words = f"{len(waiting)} entries wait to be recorded" if waiting else "empty"
    yield Finding("journal", not late, words, FIX if late else None)


def write_ahead_log(workspace: Workspace) -> Iterator[Finding]:
    """Whether a writer died before its batch was on the ref."""
    layout = workspace.layout
    try:
        with locked(layout.lock, timeout=PATIENCE):
            undone = len(wal.undone(layout))
    except StoreBusy:
        yield Finding("write-ahead log", True, "not looked at while the state is locked")
        return
    words = f"{undone} batches are not on {REF} yet" if undone else "every batch is recorded"
    yield Finding("write-ahead log", not undone, words, FIX if undone else None)


def tip(workspace: Workspace) -> Iterator[Finding]:
    """Whether `refs/ccc` is where this replica put it, or further."""
    known = tips.read(workspace.layout)
    now = _tip_found(workspace)
    if not known:
        yield Finding("tip", now is not None, now or f"{REF} does not exist", None if now else "git ccc init")
    elif now is None:
        yield Finding(
            "tip", False, f"{REF} is gone; it was at {known[-1]}", f"git update-ref {REF} {known[-1]}"
        )
    elif now != known[-1] and repositories.resolve(workspace.git, known[-1]) is None:
        yield Finding("tip", False, f"the commit {known[-1]} that {REF} was at is missing", FIX)
    elif now != known[-1] and lacks(workspace.reader.history, now, known[-1]):
        words = f"{REF} was moved by somebody: it was at {known[-1]} and is at {now}"
        yield Finding("tip", False, words, FIX)
    else:
        yield Finding("tip", True, now)


def gone(workspace: Workspace) -> bool:
    """Whether `refs/ccc` was deleted: nothing can be said of sessions then."""
    return _tip_found(workspace) is None and tips.last(workspace.layout) is not None


def _tip_found(workspace: Workspace) -> str | None:
    return workspace.reader.objects.get(REF)


def interrupted(workspace: Workspace) -> Iterator[Finding]:
    """Whether a landing or its undoing was killed halfway."""
    if held(workspace.layout.root / LAND_LOCK):
        yield Finding("landing", True, "one is going on")
        return
    landing = intents.read(workspace.layout)
    undoing = undoings.read(workspace.layout)
    if landing is not None:
        yield Finding("landing", False, f"a landing on {landing.target} was interrupted", FIX)
    elif undoing is not None:
        yield Finding("landing", False, f"undoing a landing on {undoing.target} was interrupted", FIX)
    else:
        yield Finding("landing", True, "none was interrupted")


def copy(workspace: Workspace) -> Iterator[Finding]:
    """Whether this repository was copied from one that goes on elsewhere and has the same name."""
    original = place.is_copy(workspace)
    if original is not None:
        words = f"a copy of {original}, under the same name: sessions there look like sessions here"
        yield Finding("copy", False, words, "git ccc init gives it a name of its own")


def shared(workspace: Workspace) -> Iterator[Finding]:
    """Whether the state goes to the remote, where a person has agreed to that."""
    enabled, last = sharing.read(workspace.layout), sharing.last(workspace.layout)
    if enabled is None:
        yield Finding("sync", True, "off")
    elif last is None or last.ok:
        yield Finding("sync", True, f"with {enabled.remote}" + (f", last {last.at}" if last else ""))
    else:
        words = f"the last exchange with {enabled.remote} failed at {last.at}: {last.words}"
        yield Finding("sync", False, words, "git ccc sync")
