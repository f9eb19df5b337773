"""What came of conflicts that somebody is at: noticed in passing by any ccc process, never by a reader."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from ccc.domain import landings, resolutions
from ccc.domain.resolutions import Resolution
from ccc.domain.sessions import Session
from ccc.errors import CccError
from ccc.git import history
from ccc.git import repository as repositories
from ccc.ops.look import Picture, look
from ccc.ops.observe import HEADS
from ccc.ops.workspace import Workspace
from ccc.store.protocol import State

DONE = ("verified", "unchecked")


def settle(workspace: Workspace) -> bool:
    """Records conflicts that sessions have resolved, and brings what resolvers made to its branch."""
    state = workspace.store.state()
    if not any(True for _ in _open(state)):
        return False
    picture = look(workspace)
    by_id = {session.id: session for session in picture.sessions}
    done = False
    for identifier, attempt in _open(picture.state):
        session = by_id.get(identifier)
        if session is None or session.closed is not None or session.where != workspace.replica:
            continue
        with contextlib.suppress(CccError):  # a branch that cannot be moved now is looked at again
            done |= _settle(workspace, picture, session, attempt)
    return done


def _open(state: State) -> Iterator[tuple[str, Resolution]]:
    for name, cells in state.streams(landings.KIND).items():
        found = resolutions.from_cells(cells)
        if found is not None and found.is_open:
            yield name.partition("/")[2], found


def _settle(workspace: Workspace, picture: Picture, session: Session, attempt: Resolution) -> bool:
    from ccc.ops.resolving import resolver, result

    if _holds(workspace, session, attempt):
        result.record(workspace, session, attempt, session.head, session.name)
        return True
    if attempt.how != resolutions.SESSION:
        return False
    known = {each.session.id: each for each in picture.sightings}
    sighting = known.get(attempt.resolver or "")
    if sighting is None or sighting.view.status not in DONE:
        return False
    return resolver.bring(workspace, session, attempt) is not None


def _holds(workspace: Workspace, session: Session, attempt: Resolution) -> bool:
    """Whether the session's branch has gone on and holds the target that it was in conflict with."""
    tip = repositories.resolve(workspace.git, HEADS + session.branch)
    if tip is None or tip == attempt.head or tip != session.head:
        return False
    return history.is_ancestor(workspace.git, attempt.base, tip)
