"""Checks of session worktrees on this machine: moved, missing, unregistered, half made or half closed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ccc.domain.sessions import Session
from ccc.git import worktrees
from ccc.ops import leftovers, places
from ccc.ops.actor import ADMIN_PREFIX, registered
from ccc.ops.backups import admin_of
from ccc.ops.close import half_closed
from ccc.ops.closing import current, lock_of
from ccc.ops.doctor.finding import FIX, Finding
from ccc.ops.doctor.records import gone
from ccc.ops.observe import all_sessions
from ccc.ops.workspace import Workspace
from ccc.platform import processes
from ccc.records import dataclass
from ccc.runs.drain import held


@dataclass(frozen=True)
class Moved:
    """A session's worktree that git knows at another path than recorded."""

    session: Session
    path: Path


def sessions(workspace: Workspace) -> Iterator[Finding]:
    """Whether the worktree of every open session is where it is recorded to be.

    Nothing is said of those that are being closed, or brought back, at this moment.
    """
    if gone(workspace):
        return
    here = [s for s in all_sessions(workspace.reader.state()) if s.where == workspace.replica]
    live = [session for session in here if session.closed is None]
    moved = {each.session.id: each for each in moved_worktrees(workspace, live)}
    for session in here:
        if held(lock_of(workspace.layout, session)):
            continue
        found = _of_closed(workspace, session) if session.closed else _of_open(workspace, session, moved)
        if found is not None and not _is_changing(workspace, session):
            yield found
    yield Finding("sessions", True, f"{len(live)} open here, {len(here) - len(live)} closed")


def _of_open(workspace: Workspace, session: Session, moved: Mapping[str, Moved]) -> Finding | None:
    step: str | None = FIX
    if session.id in moved:
        words = f"worktree of {session.name} was moved to {moved[session.id].path}"
    elif (place := places.moved_to(workspace, session)) is not None:
        words = f"worktree of {session.name} was moved to {place}"
    elif not places.is_there(session):
        step = f"git worktree repair PATH if it was moved far away, else: git ccc close {session.name}"
        words = f"nothing at {session.worktree}, where {session.name} works"
    elif not _is_joined(workspace, session):
        words = f"{session.worktree} and the repository have lost each other"
    else:
        return None
    return Finding("worktree", False, words, step)


def _of_closed(workspace: Workspace, session: Session) -> Finding | None:
    if half_closed(workspace, session):
        return Finding("worktree", False, f"closing {session.name} was interrupted", FIX)
    if _is_joined(workspace, session):
        words = f"bringing {session.name} back was interrupted"
        return Finding("worktree", False, words, f"git ccc undo {session.name}")
    return None


def _is_changing(workspace: Workspace, session: Session) -> bool:
    """Whether somebody is just closing it, or bringing it back, or has done so since the state was read."""
    if held(lock_of(workspace.layout, session)):
        return True
    return (current(workspace.reader.state(), session).closed is None) != (session.closed is None)


def _is_joined(workspace: Workspace, session: Session) -> bool:
    """Whether worktree and repository point at each other."""
    admin, link = admin_of(workspace, session), Path(session.worktree or "/nonexistent") / ".git"
    return leftovers.points_to(link, admin) and leftovers.points_to(admin / "gitdir", link)


def moved_worktrees(workspace: Workspace, live: list[Session]) -> list[Moved]:
    """Worktrees moved by `git worktree move`, or by hand and then repaired."""
    by_admin = {
        tree.admin: tree.path
        for tree in worktrees.listed(workspace.repository)
        if tree.admin is not None and tree.path.is_dir()
    }
    found = []
    for session in live:
        path = by_admin.get(ADMIN_PREFIX + session.name)
        if path is not None and str(path) != session.worktree and not places.is_there(session):
            found.append(Moved(session, path))
    return found


def unregistered(workspace: Workspace) -> Iterator[Finding]:
    """Whether every entry has its session, and every worktree named like ours an entry."""
    if gone(workspace):
        return
    layout = workspace.layout
    # In the order in which sessions are made, last things first: one made meanwhile is no stranger.
    entries = {entry: registered(entry) for entry in sorted(layout.worktrees.iterdir())}
    making = {claim.name for claim in leftovers.unsettled(workspace)}
    ids = {None, *(session.id for session in all_sessions(workspace.reader.state()))}
    for entry, identifier in entries.items():
        if entry.name not in making and identifier not in ids and entry.exists():
            yield Finding("entry", False, f"{entry} belongs to no session", f"rm {entry}")
    for tree in worktrees.listed(workspace.repository):
        name = (tree.admin or "").removeprefix(ADMIN_PREFIX)
        if tree.admin and tree.admin != name and not (layout.worktrees / name).exists():
            words = f"{tree.path} has an admin directory named like a session's and is none"
            yield Finding("worktree", True, words)


def half_made(workspace: Workspace) -> Iterator[Finding]:
    """Whether a killed spawn left something behind."""
    dead = [claim.name for claim in leftovers.unsettled(workspace) if not processes.alive(claim.process)]
    words = f"half-made sessions: {', '.join(dead)}" if dead else "nothing half made"
    yield Finding("spawns", not dead, words, FIX if dead else None)


def scratch(workspace: Workspace) -> Iterator[Finding]:
    """How many scratch worktrees are kept for checks; they are used again, and made anew where broken."""
    kept = [path for path in workspace.layout.scratch.glob("*") if path.is_dir()]
    yield Finding("scratch", True, f"{len(kept)} worktrees kept for checks")
