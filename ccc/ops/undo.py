"""Taking back a session's latest close or landing."""

from __future__ import annotations

from dataclasses import replace

from ccc.domain.sessions import Session
from ccc.errors import Refused
from ccc.ops import bundles, dependents, undoings, work
from ccc.ops.bundles import Bundle
from ccc.ops.landing.undo import LandingUndone as LandingUndone
from ccc.ops.landing.undo import undo_landing
from ccc.ops.observe import HEADS, all_sessions
from ccc.ops.reopen import Reopened, reopen
from ccc.ops.retired import find_or_say
from ccc.ops.workspace import Workspace


def undo(workspace: Workspace, reference: str) -> LandingUndone | Reopened:
    """Takes back the younger of a session's closing and landing, or finishes doing so after a kill.

    Raises Refused where there is neither, and what `reopen` and `undo_landing` raise.
    """
    workspace.store.drain()
    state = workspace.store.state()
    session = find_or_say(reference, all_sessions(state), state)
    begun = undoings.read(workspace.layout)
    if begun is not None and begun.session == session.id:
        return undo_landing(workspace, session)
    landed_at = session.landed.at if session.landed else ""
    closed_at = session.closed.at if session.closed else ""
    if not landed_at and not closed_at:
        raise _nothing(session)
    bundle = _bundled(workspace, session)
    done = reopen(workspace, session) if closed_at > landed_at else undo_landing(workspace, session)
    dependents.follow(workspace)
    work.start(workspace)
    return replace(done, remarks=(*done.remarks, bundle.remark)) if bundle.remark else done


def _bundled(workspace: Workspace, session: Session) -> Bundle:
    """A bundle of the records, and of target and branch, which may be moved back."""
    landed = session.landed
    names = [f"{HEADS}{landed.target if landed else session.target}", f"{HEADS}{session.branch}"]
    return bundles.keep(workspace, "undo", names, [landed.base if landed else session.base])


def _nothing(session: Session) -> Refused:
    return Refused(
        f"nothing to undo: {session.name} is neither closed nor landed", f"git ccc log {session.name}"
    )
