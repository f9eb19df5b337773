"""Taking back a session's latest close or landing."""

from __future__ import annotations

from ccc.domain.sessions import Session
from ccc.errors import Refused
from ccc.ops import undoings
from ccc.ops.find import find
from ccc.ops.landing.undo import LandingUndone as LandingUndone
from ccc.ops.landing.undo import undo_landing
from ccc.ops.observe import all_sessions
from ccc.ops.reopen import Reopened, reopen
from ccc.ops.workspace import Workspace


def undo(workspace: Workspace, reference: str) -> LandingUndone | Reopened:
    """Takes back the younger of a session's closing and landing, or finishes doing so after a kill.

    Raises Refused where there is neither, and what `reopen` and `undo_landing` raise.
    """
    workspace.store.drain()
    session = find(reference, all_sessions(workspace.store.state()))
    begun = undoings.read(workspace.layout)
    if begun is not None and begun.session == session.id:
        return undo_landing(workspace, session)
    landed_at = session.landed.at if session.landed else ""
    closed_at = session.closed.at if session.closed else ""
    if not landed_at and not closed_at:
        raise _nothing(session)
    return reopen(workspace, session) if closed_at > landed_at else undo_landing(workspace, session)


def _nothing(session: Session) -> Refused:
    return Refused(
        f"nothing to undo: {session.name} is neither closed nor landed", f"git ccc log {session.name}"
    )
