"""Reopening a closed session: its branch, its worktree and everything that was not committed come back."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ccc.domain import aliases, sessions
from ccc.domain.canonical import Value
from ccc.domain.events import Draft
from ccc.domain.sessions import Closed, Session
from ccc.errors import NotFound, Refused
from ccc.git import hookfiles, snapshot, worktrees
from ccc.git import repository as repositories
from ccc.git.repository import RefMoved, RefUpdate
from ccc.ops import backups, byhand, identities, leftovers
from ccc.ops.actor import actor_of
from ccc.ops.close import refuse_agents, remove_worktree
from ccc.ops.closing import alone, current
from ccc.ops.observe import HEADS, all_sessions
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.store.crashpoints import reached
from ccc.store.lock import locked
from ccc.store.protocol import State


@dataclass(frozen=True)
class Reopened:
    """A session brought back, from which backup, and what is worth saying aloud."""

    session: Session
    backup: str | None
    remarks: tuple[str, ...]


def reopen(workspace: Workspace, session: Session) -> Reopened:
    """Brings a closed session back as it was, byte for byte, staged work staged.

    Each step can be repeated; one that was killed is finished by the next call. Raises InsideAgent,
    NotFound (no backup), Refused (folder occupied, branch moved or checked out elsewhere).
    """
    refuse_agents(workspace, session, "undo")
    if session.where != workspace.replica:
        raise Refused(f"{session.name} lives in another copy of the repository", "undo its closing there")
    with alone(workspace, session) as now:
        return _brought_back(workspace, now)


def _brought_back(workspace: Workspace, session: Session) -> Reopened:
    closed, commit = _kept(workspace, session)
    path = Path(session.worktree or "")
    remarks = _clear_half_made(workspace, session)
    if os.path.lexists(path):
        raise Refused(f"{path} is occupied", f"move it away, then again: git ccc undo {session.name}")
    head, branch = _standing(workspace, session, closed, commit)
    reached("reopen-branched")
    worktrees.attach(
        workspace.repository,
        name=session.name,
        path=path,
        commit=head,
        branch=branch,
        lock=locked(workspace.layout.lock),
    )
    reached("reopen-made")
    if backups.is_snapshot(workspace.git, commit):
        snapshot.restore(path, commit)
    reached("reopen-restored")
    if sessions.BY_HAND not in workspace.store.state().stream(sessions.stream_of(session.id)):
        byhand.install(workspace, session)
    leftovers.settle(workspace.layout.worktrees / session.name, session.id, session.role)
    identities.write(workspace)
    hookfiles.refresh(workspace.repository.common)
    reached("reopen-registered")
    workspace.store.transact(lambda state: _reopened(workspace, state, session, closed))
    now = current(workspace.store.state(), session)
    if now.alias != session.alias:
        remarks.append(f"its alias is {now.alias} now: another session was given {session.alias}")
    return Reopened(now, closed.backup, tuple(remarks))


def _kept(workspace: Workspace, session: Session) -> tuple[Closed, str]:
    closed = session.closed
    if closed is None:
        raise Refused(f"{session.name} is not closed", f"git ccc show {session.name}")
    if session.where != workspace.replica:
        raise Refused(f"{session.name} was closed in another copy of the repository", "undo it there")
    commit = repositories.resolve(workspace.git, closed.backup) if closed.backup else None
    if commit is None:
        raise NotFound(
            f"{session.name} has no backup any more ({closed.backup or 'nothing was left to keep'})",
            f"git for-each-ref {backups.BACKUPS}{session.name}",
        )
    return closed, commit


def _clear_half_made(workspace: Workspace, session: Session) -> list[str]:
    """What a killed closing or reopening left; anything in it that the backup lacks is kept first."""
    place = backups.place_of(workspace, session)
    remarks: list[str] = []
    if place is not None:
        kept = backups.keep(workspace, session, place, ignored=False, remarks=remarks)
        if session.closed is not None and kept.ref != session.closed.backup:
            remarks.append(f"what lay half made in {place} is kept under {kept.ref}")
    remove_worktree(workspace, session, place)
    return remarks


def _standing(workspace: Workspace, session: Session, closed: Closed, commit: str) -> tuple[str, str | None]:
    """What the worktree shall stand on: a commit, and the full name of the branch (None: detached)."""
    git = workspace.git
    clean = not backups.is_snapshot(git, commit)
    head = commit if clean else git.text("rev-parse", f"{commit}^1")
    ref = closed.on if closed.head is not None else HEADS + session.branch
    _bring_branch_back(workspace, HEADS + session.branch, closed.tip or head)
    if ref is None:
        return head, None
    tip = repositories.resolve(git, ref)
    if tip is not None and tip != head and clean:
        head = tip
    if tip != head:
        branch = ref.removeprefix(HEADS)
        raise Refused(
            f"branch {branch} has moved since {session.name} was closed on it",
            f"git branch -f {branch} {head} puts it back; the uncommitted work is in {closed.backup}",
        )
    for tree in worktrees.listed(workspace.repository):
        if tree.branch == ref and tree.path.is_dir():
            raise Refused(
                f"branch {ref.removeprefix(HEADS)} is checked out in {tree.path}",
                f"switch to another branch there, then again: git ccc undo {session.name}",
            )
    return head, ref


def _bring_branch_back(workspace: Workspace, ref: str, tip: str) -> None:
    if repositories.resolve(workspace.git, ref) is not None:
        return
    try:
        repositories.update_refs(workspace.git, [RefUpdate(ref, tip, None)], "ccc: reopened")
    except RefMoved as error:
        raise Refused(f"branch {ref.removeprefix(HEADS)} cannot be brought back: {error.message}") from error


def _reopened(workspace: Workspace, state: State, session: Session, closed: Closed) -> Sequence[Draft]:
    if current(state, session).closed is None:
        return ()
    change: dict[str, Value] = {"closed": None}
    taken = {each.alias for each in all_sessions(state) if each.closed is None and each.alias}
    if session.alias in taken:
        change["alias"] = aliases.choose(taken, aliases.theme_of(session.alias))
    return (
        Draft(
            type="session.reopened",
            subject=session.name,
            text=f"reopened from {closed.backup}",
            session=session.id,
            changes={sessions.stream_of(session.id): change},
            by=actor_of(workspace).by,
            data={"backup": closed.backup},
        ),
    )
