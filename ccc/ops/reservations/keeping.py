"""What the background does for reservations: ends them, and tells who is next."""

from __future__ import annotations

from collections.abc import Sequence

from ccc.domain import reserving, sessions
from ccc.domain.events import Draft
from ccc.domain.reserving import KIND
from ccc.domain.sessions import Session
from ccc.ops.observe import all_sessions
from ccc.ops.reservations import circles
from ccc.ops.reservations.held import Held, ended, holdings
from ccc.ops.reservations.written import write_down
from ccc.ops.tell import tell
from ccc.ops.workspace import Workspace
from ccc.store.protocol import State


def keep(workspace: Workspace) -> bool:
    """Releases the claims of sessions that landed, were closed or ended, and tells who holds a path now."""
    if not workspace.store.state().streams(KIND):
        return False
    done = bool(workspace.store.transact(_ended))
    now = holdings(workspace, workspace.store.state())
    write_down(workspace, now)
    for held in now:
        if held.standing.holds and held.claim.waited and held.session.where == workspace.replica:
            done |= _tell(workspace, held)
    if any(not held.standing.holds for held in now):
        done |= circles.say(workspace, {held.session.id: held.session for held in now})
    return done


def _ended(state: State) -> Sequence[Draft]:
    by_id = {session.id: session for session in all_sessions(state)}
    found = []
    for identifier, claims in ended(state).items():
        session = by_id.get(identifier)
        if session is not None:
            found.append(reserving.released(session, claims, _why(session), "ccc"))
    return found


def _why(session: Session) -> str:
    if session.closed is not None:
        return "it is closed"
    return f"it is {session.run.status}" if session.run.status in reserving.ENDED else "it has landed"


def _tell(workspace: Workspace, held: Held) -> bool:
    """Once for each claim. Provisional ones wait until the remote has them: another machine may be first."""
    if held.provisional:
        return False
    words = f"{held.claim.path} is reserved for you now: whoever was before you has given it back."
    mark: dict[str, str] = {f"reserved.{held.claim.field}": held.claim.stamp}
    stream = workspace.store.state().stream(sessions.stream_of(held.session.id))
    if all(stream.get(field, ("", None))[1] == value for field, value in mark.items()):
        return False
    return tell(workspace, held.session, words, topic=circles.TOPIC, mark=dict(mark))
