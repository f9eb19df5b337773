"""Closing a session: its work is backed up, then its worktree goes."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from ccc.domain import sessions
from ccc.domain.canonical import Value
from ccc.domain.events import Draft
from ccc.domain.life import PAUSED, RUNNING, STARTING
from ccc.domain.sessions import Closed, Session
from ccc.errors import Refused
from ccc.git import history, worktrees
from ccc.git import repository as repositories
from ccc.git.repository import RefMoved, RefUpdate
from ccc.ids import short_oid
from ccc.ops import backups, bundles, control, dependents, identities, places
from ccc.ops.actor import RUN_MARKER, actor_of, registered
from ccc.ops.backups import Backup
from ccc.ops.bouncing import bounce_of_closed
from ccc.ops.bundles import Bundle
from ccc.ops.closing import alone, current
from ccc.ops.find import find_all
from ccc.ops.leftovers import SESSION_TRAILER
from ccc.ops.look import look
from ccc.ops.observe import HEADS
from ccc.ops.reservations import following as reservations
from ccc.ops.resolving import claims
from ccc.ops.workspace import Workspace
from ccc.platform import trees
from ccc.records import dataclass
from ccc.runs import life
from ccc.store.crashpoints import reached
from ccc.store.protocol import State


@dataclass(frozen=True)
class Closing:
    """A session closed: the ref that keeps its work (None: nothing was left to keep), what to say aloud."""

    session: Session
    backup: str | None
    remarks: tuple[str, ...]


def find_closable(workspace: Workspace, references: Sequence[str]) -> list[Session]:
    """The sessions meant, once each. Raises NotFound, Ambiguous before anything is closed."""
    return find_all(references, look(workspace).sessions)


def close(workspace: Workspace, session: Session, *, ignored: bool = False) -> Closing:
    """Backs up everything in the session's worktree, records the closing, takes the worktree away.

    Ignored files are kept only with `ignored`. The branch is deleted when its target contains its work,
    else kept. An agent between two turns is stopped. A closing that was killed is finished by the next call.
    Raises InsideAgent, Refused (closed already, another machine's session, in the middle of a turn).
    """
    refuse_agents(workspace, session, "close")
    if session.where != workspace.replica:
        raise Refused(f"{session.name} lives in another copy of the repository", "close it there")
    ended = _end_run(workspace, session)
    with alone(workspace, session) as now:
        if now.closed is not None and not half_closed(workspace, now):
            raise Refused(f"{session.name} is closed already", f"git ccc undo {session.name} brings it back")
        bundle = _bundled(workspace, now)
        closing = finish(workspace, now, ignored=ignored)
    dependents.follow(workspace)
    reservations.follow(workspace)
    remarks = (remark for remark in (ended, *closing.remarks, bundle.remark) if remark)
    return Closing(closing.session, closing.backup, tuple(remarks))


def _bundled(workspace: Workspace, session: Session) -> Bundle:
    """A bundle of the records and of the branch, which may be deleted."""
    target = repositories.resolve(workspace.git, HEADS + session.target)
    return bundles.keep(workspace, "close", [HEADS + session.branch], [target or session.base])


def _end_run(workspace: Workspace, session: Session) -> str:
    """Ends what still runs there, so that nothing writes while it is backed up; what to say of that."""
    found = life.sight(workspace.layout, session.id)
    if found is None or (found.host is None and found.agent is None and found.ending is not None):
        return ""
    at_work = found.host is not None and found.phase in (STARTING, RUNNING)
    if at_work and not places.is_gone(workspace, session):
        raise Refused(f"{session.name} is in the middle of a turn", f"git ccc stop {session.name}")
    control.stop(workspace, session, why="stopped when the session was closed")
    return "its turn was cut off where it was paused" if found.phase == PAUSED and found.host else ""


def half_closed(workspace: Workspace, session: Session) -> bool:
    """Whether a closed session still has its entry here: its closing, or the undoing of it, was killed."""
    entry = registered(workspace.layout.worktrees / session.name)
    return session.closed is not None and entry == session.id


def finish(workspace: Workspace, session: Session, *, ignored: bool = False) -> Closing:
    """Every step of closing, each of which can be repeated: backup, fact, worktree, branch, mail, entry.

    To be called while nobody else closes or reopens it (`closing.alone`).
    """
    before = session.closed.before if session.closed else look(workspace).of(session).view.status
    remarks: list[str] = []
    place = backups.place_of(workspace, session)
    if session.closed is not None and place is None:
        backup = _recorded(session.closed)
    else:
        backup = backups.keep(workspace, session, place, ignored=ignored, remarks=remarks)
    reached("close-backed-up")
    workspace.store.transact(lambda state: _closed(workspace, state, session, before, backup))
    reached("close-recorded")
    remove_worktree(workspace, session, place)
    reached("close-removed")
    remarks += _no_desk(workspace, session)
    remarks += _settle_branch(workspace, session)
    reached("close-branch-settled")
    bounce_of_closed(workspace, session)
    reached("close-mail-returned")
    (workspace.layout.worktrees / session.name).unlink(missing_ok=True)
    reached("close-unregistered")
    identities.write(workspace)
    return Closing(session, backup.ref, tuple(remarks))


def _no_desk(workspace: Workspace, session: Session) -> list[str]:
    """Takes the work tree away in which a person resolves its conflict, where there is one."""
    if not claims.path_of(workspace.layout, session.id).exists():
        return []
    from ccc.ops.resolving.conclude import clear  # where somebody was at it only

    said = clear(workspace, session)
    return [said] if said else []


def _recorded(closed: Closed) -> Backup:
    return Backup(closed.backup, closed.tip, closed.head, closed.on)


def refuse_agents(workspace: Workspace, session: Session, command: str) -> None:
    """Closing and its undoing are for people and orchestrators; a session closes its own children only.

    An orchestrator is an agent that is no session: nothing it closes is lost. Raises InsideAgent with the
    words for the human.
    """
    caller = actor_of(workspace)
    if caller.session is not None and caller.session == session.parent:
        return
    if caller.session is None and trees.marked_above(RUN_MARKER) is None:
        return
    raise caller.refusal(
        workspace,
        f"git ccc {command} inside a session is for those that it spawned, and {session.name} is none of "
        f"them ({caller.agent})",
        f"ask the human to run, in the main checkout: git ccc {command} {session.name}",
    )


def _closed(
    workspace: Workspace, state: State, session: Session, before: str, backup: Backup
) -> Sequence[Draft]:
    known = current(state, session).closed
    if known is not None and known.backup == backup.ref:
        return ()
    record: dict[str, Value] = {
        "before": known.before if known else before,
        "backup": backup.ref,
        "tip": backup.tip,
        "head": backup.head,
        "on": backup.on,
    }
    kept = f", kept under {backup.ref}" if backup.ref else ""
    return (
        Draft(
            type="session.closed",
            subject=session.name,
            text=f"closed{kept}",
            session=session.id,
            changes={sessions.stream_of(session.id): {"closed": record}},
            by=actor_of(workspace).by,
        ),
    )


def remove_worktree(workspace: Workspace, session: Session, place: Path | None) -> None:
    """Moves the worktree aside at once, so that a killed removal never looks like work, then deletes it.

    Only a folder that is provably the session's; git's record of it goes last, for it tells the place.
    """
    if place is not None:
        aside = _aside(place, session)
        _delete(aside, session)
        try:
            place.rename(aside)
        except OSError as error:
            raise Refused(
                f"{place} could not be taken away: {error.strerror}; its work is backed up",
                f"mend that, then again: git ccc close {session.name}",
            ) from error
        reached("close-moved-aside")
    for known in backups.known_places(workspace, session):
        _delete(_aside(known, session), session)
        with contextlib.suppress(OSError):
            known.parent.rmdir()
    backups.forget_admin(workspace, session)


def _aside(place: Path, session: Session) -> Path:
    return place.with_name(f".closing-{session.name}")


def _delete(folder: Path, session: Session) -> None:
    """Deletes a folder, read-only ones in it too. Raises Refused where something stays."""
    shutil.rmtree(folder, ignore_errors=True)
    if not folder.exists():
        return
    for inner, _, _ in os.walk(folder):
        with contextlib.suppress(OSError):
            Path(inner).chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        raise Refused(
            f"{folder} could not be deleted whole; its work is backed up",
            f"delete it, then again: git ccc close {session.name}",
        )


def _settle_branch(workspace: Workspace, session: Session) -> list[str]:
    """Deletes the branch when nothing of it is lost by that; else says that it stays."""
    git, ref = workspace.git, HEADS + session.branch
    tip = repositories.resolve(git, ref)
    if tip is None:
        return []
    elsewhere = [tree.path for tree in worktrees.listed(workspace.repository) if tree.branch == ref]
    if elsewhere:
        return [f"branch {session.branch} stays, it is checked out in {elsewhere[0]}"]
    if not _dispensable(workspace, session, tip):
        return [f"branch {session.branch} stays, {session.target} does not contain {short_oid(tip)}"]
    try:
        repositories.update_refs(git, [RefUpdate(ref, None, tip)], "ccc: closed")
    except RefMoved:
        return [f"branch {session.branch} stays, it has just moved"]
    return []


def _dispensable(workspace: Workspace, session: Session, tip: str) -> bool:
    """Whether the target has its work: contained, landed and then only advanced by ccc, or none at all."""
    target = repositories.resolve(workspace.git, HEADS + session.target)
    if target is not None and history.is_ancestor(workspace.git, tip, target):
        return True
    landed = session.landed
    if landed is not None and target is not None and tip in (landed.head, landed.advanced):
        return history.is_ancestor(workspace.git, landed.commit, target)
    said = workspace.git.text("log", "-1", f"--format=%(trailers:key={SESSION_TRAILER},valueonly)%x00%P", tip)
    trailer, _, parents = said.partition("\0")
    return trailer.strip() == session.id and parents.strip() == session.base
