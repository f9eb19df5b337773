"""What is done in a session's worktree before its first start: the commit it builds on, the set-up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ccc.domain import sessions
from ccc.domain.canonical import Value
from ccc.domain.events import Draft
from ccc.domain.sessions import Session, from_cells
from ccc.domain.status import describe
from ccc.errors import Refused
from ccc.ids import short_oid
from ccc.ops import dependents, stacking
from ccc.ops.commands import Order, last_words, passed, run_all
from ccc.ops.environment import session_environment
from ccc.ops.look import look
from ccc.ops.policy import Policy, starting_policy
from ccc.ops.stacking import Blocked as Blocked
from ccc.ops.workspace import Workspace


class SetUpFailed(Refused):
    """A set-up command of the team failed in a session's worktree."""


def is_needed(session: Session) -> bool:
    """Whether something is to be done before the session can start."""
    return dependents.waits(session) or (session.start is not None and bool(session.start.prepare))


def prepare(workspace: Workspace, session: Session, *, now: bool = False) -> Session:
    """Brings the branch to where it should begin, and runs the set-up commands; the session as it is then.

    `now`: where that is not to be had it begins on what its branch holds.
    Raises Blocked where what it builds on conflicts, SetUpFailed.
    """
    if dependents.waits(session):
        _stack(workspace, session, now=now)
    if session.start is not None and session.start.prepare:
        set_up(workspace, starting_policy(workspace, session.target), session)
        workspace.store.transact(lambda _: (_prepared(session),))
    engine = session.engine
    cells = workspace.store.state().stream(sessions.stream_of(session.id))
    return replace(from_cells(session.id, cells) or session, engine=engine)


def begin_by_hand(workspace: Workspace, session: Session) -> tuple[Session, str]:
    """Brings a session that nobody starts to the work of those it is after, where that is there already.

    Gives the session as it is then, and in words where it stands; no words for one that is after nobody.
    """
    if not session.after:
        return session, ""
    picture = look(workspace)
    verdict = dependents.look_at(picture).get(session.id, dependents.READY)
    later = f"{session.target} {short_oid(session.base)}, until: git ccc start {session.name}"
    if not verdict.ready:
        return session, f"{verdict.words}; it is at {later}"
    try:
        stacking.stack(workspace, picture, session)
    except Blocked as error:
        return session, f"{error.message}; it is at {later}"
    cells = workspace.store.state().stream(sessions.stream_of(session.id))
    session = from_cells(session.id, cells) or session
    names = ", ".join(picture.of_id(each).session.name for each in session.after)
    return session, f"it begins at {short_oid(session.base)}, on the work of {names}"


def _stack(workspace: Workspace, session: Session, *, now: bool) -> None:
    picture = look(workspace)
    if not dependents.look_at(picture).get(session.id, dependents.READY).ready:
        return
    try:
        stacking.stack(workspace, picture, session)
    except Blocked:
        if not now:
            raise


def _prepared(session: Session) -> Draft:
    assert session.start is not None
    start = session.start
    record: dict[str, Value] = {
        "by": start.by,
        "first": start.first,
        "mode": start.mode,
        "engine": start.engine,
        "maker": start.maker,
    }
    changes = {sessions.stream_of(session.id): {"start": record}}
    return Draft(
        "session.prepared", session.name, "its set-up has run", changes, session=session.id, by="ccc"
    )


def set_up(workspace: Workspace, policy: Policy, session: Session) -> None:
    """The team's own set-up commands; one that fails is told, the session stays. Raises SetUpFailed."""
    for command in policy.settings.setup:
        order = Order(command.run, command.timeout)
        folder = Path(session.worktree or "")
        done = run_all(
            workspace, [order], folder, f"setup-{session.name}", extra=session_environment(session)
        )
        if not passed(done):
            tail = last_words(done[0], lines=1)
            words = f": {tail[0]}" if tail else ""
            raise SetUpFailed(
                f"{session.name} is there, but its set-up failed: {describe(done[0])}{words}",
                f"mend it in {session.worktree}, or: git ccc close {session.name}",
            )
