"""Snapshots of worktrees that hold work not committed; their objects stay out of the repository."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from ccc.domain.conflicts import Unseen
from ccc.domain.sessions import Session
from ccc.errors import GitFailed
from ccc.git import relocated
from ccc.git.command import Git
from ccc.git.heads import ADMIN_PREFIX
from ccc.git.unsaved import Place, forget, unsaved
from ccc.ids import short_oid
from ccc.layout import Layout
from ccc.ops.workspace import Workspace
from ccc.platform.files import write_whole
from ccc.records import dataclass
from ccc.runs import lookout
from ccc.store.crashpoints import reached

REST = 20.0
"""A worktree that nobody watches is looked at again after so many times as long as looking took."""

LEAST_REST = 2.0
MOST_FILES, MOST_BYTES, TIDY_SECONDS = 50_000, 512 * 1024 * 1024, 300.0
"""What the quarantine may hold, and how often that is looked at; beyond it the quarantine begins anew."""


@dataclass(frozen=True)
class Row:
    """A worktree as it was last looked at.

    `head` is what its HEAD file and branch said, `commit` the snapshot on top ("" where there was nothing),
    `signature` what changes when the index does, `noted` what the lookout had noted by then, `at` and
    `seconds` when that was (time since 1970) and how long it took. `seen`: it could be looked into, else
    `why` not.
    """

    head: str
    commit: str
    signature: str
    noted: int
    at: float
    seconds: float
    seen: bool = True
    why: str = ""


def folder(layout: Layout) -> Path | None:
    """Where the radar keeps its files; None where nothing can be written there."""
    try:
        layout.radar.mkdir(exist_ok=True)
    except OSError:
        return None
    return layout.radar


def objects(layout: Layout) -> tuple[Path, ...]:
    """The folder of objects that snapshots are in, where there is one."""
    place = layout.radar / "objects"
    return (place,) if place.is_dir() else ()


def snapshots(layout: Layout) -> Mapping[str, tuple[str, str]]:
    """Session's id to (tip of its branch, snapshot on top of it), as last taken."""
    return {session: (row.head, row.commit) for session, row in rows(layout).items() if row.commit}


def rows(layout: Layout) -> dict[str, Row]:
    """Every worktree as last looked at, by session's id."""
    try:
        found = json.loads((layout.radar / "snapshots").read_bytes())
        return {session: Row(**row) for session, row in found.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def refresh(
    workspace: Workspace, sessions: Iterable[tuple[Session, str]], *, afresh: bool = False
) -> tuple[Unseen, ...]:
    """Takes a snapshot of each worktree that may have changed since the last one. Sessions with tips.

    `afresh`: of all. Gives those whose worktree could not be looked into now: it is gone, HEAD is elsewhere,
    a merge or a rebase is under way, or git fails. To be called under the radar's lock.
    """
    place = folder(workspace.layout)
    if place is None:
        return ()
    sessions = list(sessions)
    known = _tidied(workspace.layout, rows(workspace.layout))
    forget(place, {f"{ADMIN_PREFIX}{session.name}" for session, _ in sessions})
    before = {} if afresh else known
    watched = lookout.watched(workspace.layout)
    found = {
        session.id: _looked_at(
            workspace, session, tip, before.get(session.id), watched=session.name in watched
        )
        for session, tip in sessions
    }
    kept = {session: row for session, row in found.items() if row is not None}
    reached("radar-snapshots-taken")
    if kept != known:
        table = {session: asdict(row) for session, row in kept.items()}
        write_whole(place / "snapshots", json.dumps(table))
    reached("radar-snapshots-kept")
    return tuple(_unseen(workspace, sessions, found))


def _unseen(
    workspace: Workspace, sessions: Iterable[tuple[Session, str]], found: Mapping[str, Row | None]
) -> Iterator[Unseen]:
    for session, _ in sessions:
        row = found[session.id]
        if row is not None and not row.seen:
            yield Unseen(session.id, row.why, is_there=True)
        elif row is None and session.worktree is not None and session.stage == "ready":
            yield _without_row(session, _place(workspace, session))


def _without_row(session: Session, place: Place) -> Unseen:
    """Why a worktree has no signature."""
    if not place.top.is_dir():
        return Unseen(session.id, f"nothing at {place.top}", is_there=False)
    if not place.admin.is_dir():
        return Unseen(session.id, f"{place.top} is no worktree of this repository any more", is_there=False)
    try:
        on = (place.admin / "HEAD").read_text(encoding="utf-8", errors="replace").strip()
        place.index.stat()
    except OSError as error:
        return Unseen(session.id, f"{error.filename} cannot be read: {error.strerror}", is_there=True)
    where = on.removeprefix("ref: refs/heads/")
    words = f"it is on branch {where}" if where != on else f"HEAD is detached at {short_oid(on)}"
    return Unseen(session.id, f"{words} instead of on {session.branch}", is_there=True)


def _tidied(layout: Layout, known: dict[str, Row]) -> dict[str, Row]:
    """What was left by a radar that was killed goes; objects, too, where many have gathered."""
    for left in (*layout.radar.glob("index-*"), *layout.radar.glob("merges-*")):
        shutil.rmtree(left, ignore_errors=True)
    store, mark = layout.radar / "objects", layout.radar / "tidied"
    with suppress(OSError):
        if 0 <= time.time() - mark.stat().st_mtime < TIDY_SECONDS:
            return known
    mark.touch()
    files, size = _weight(store)
    if files <= MOST_FILES and size <= MOST_BYTES:
        return known
    (layout.radar / "snapshots").unlink(missing_ok=True)
    shutil.rmtree(store, ignore_errors=True)
    return {}


def _weight(folder: Path) -> tuple[int, int]:
    """How many files there are in a folder, and their bytes."""
    sizes = []
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                sizes.append((Path(place) / name).lstat().st_size)
    return len(sizes), sum(sizes)


def _looked_at(
    workspace: Workspace, session: Session, tip: str, before: Row | None, *, watched: bool
) -> Row | None:
    """The row of a session's worktree now; None where it has none here, or it cannot be read."""
    place = _place(workspace, session)
    noted = lookout.noted(workspace.layout, session.name)
    signature = _signature(place, session.branch)
    if signature is None or not place.top.is_dir():
        return None
    same = before is not None and (before.head, before.signature, before.noted) == (tip, signature, noted)
    if before is not None and same and before.seen:
        rest = max(LEAST_REST, REST * before.seconds)
        if watched or 0 <= time.time() - before.at < rest:
            return before
    started, why = time.monotonic(), ""
    try:
        commit = unsaved(place, _quarantined(workspace, place.top), workspace.layout.radar) or ""
    except GitFailed as error:
        commit, why = "", error.message.split("\n", 1)[0]
    except OSError as error:
        commit, why = "", f"{error.filename} cannot be read: {error.strerror}"
    return Row(tip, commit, signature, noted, time.time(), time.monotonic() - started, not why, why)


def on_disk(workspace: Workspace, session: Session) -> str:
    """Changes when something is staged or checked out in a session's worktree; costs a stat and a read."""
    return _signature(_place(workspace, session), session.branch) or ""


def _place(workspace: Workspace, session: Session) -> Place:
    common, name = workspace.repository.common, f"{ADMIN_PREFIX}{session.name}"
    top = Path(session.worktree or "/nonexistent")
    if session.worktree is not None and not top.is_dir():
        top = relocated.moved_by_git(common, name) or top
    return Place(top, common / "worktrees" / name)


def _signature(place: Place, branch: str) -> str | None:
    """None where the worktree is not on its branch."""
    try:
        on = (place.admin / "HEAD").read_text(encoding="utf-8", errors="surrogateescape").strip()
        now = place.index.stat()
    except OSError:
        return None
    return f"{now.st_mtime_ns} {now.st_size} {now.st_ino}" if on == f"ref: refs/heads/{branch}" else None


def _quarantined(workspace: Workspace, top: Path) -> Git:
    from ccc.git.mergetree import quarantined  # 6 ms, where something has moved

    return quarantined(Git(top), workspace.layout.radar / "objects", workspace.repository.common)
