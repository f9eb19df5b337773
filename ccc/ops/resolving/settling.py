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
from ccc.git.command import Git
from ccc.ops.look import Picture, look
from ccc.ops.observe import HEADS
from ccc.ops.resolving import claims
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
        with contextlib.suppress(CccError):  # one that cannot be told now keeps nobody else waiting
            done |= _settle(workspace, picture, session, attempt)
    return done


def _open(state: State) -> Iterator[tuple[str, Resolution]]:
    for name, cells in state.streams(landings.KIND).items():
        found = resolutions.from_cells(cells)
        if found is not None and found.is_open:
            yield name.partition("/")[2], found


def _settle(workspace: Workspace, picture: Picture, session: Session, attempt: Resolution) -> bool:
    from ccc.ops.resolving import result

    if attempt.how == resolutions.SESSION and _brought(workspace, picture, session, attempt):
        return True
    if not _holds(workspace, session, attempt):
        return False
    result.record(workspace, session, attempt, session.head, _who(workspace, session, attempt))
    return True


def _brought(workspace: Workspace, picture: Picture, session: Session, attempt: Resolution) -> bool:
    """Whether what a resolver made is on the branch now; it may be that the session has gone on alone."""
    from ccc.ops.resolving import resolver

    known = {each.session.id: each for each in picture.sightings}
    sighting = known.get(attempt.resolver or "")
    if sighting is None or sighting.view.status not in DONE:
        return False
    with contextlib.suppress(CccError):  # a branch that cannot be moved now is looked at again
        return resolver.bring(workspace, session, attempt) is not None
    return False


def _who(workspace: Workspace, session: Session, attempt: Resolution) -> str:
    """The session itself, unless its branch holds what a person made whose process was killed since."""
    claim = claims.read(workspace.layout, session.id)
    if attempt.how != resolutions.HERE or claim is None or not claim.is_whole(workspace):
        return session.name
    made = repositories.resolve(Git(claim.top), "HEAD")
    is_in = made not in (None, claim.head) and history.is_ancestor(workspace.git, made or "", session.head)
    return attempt.by if is_in else session.name


def _holds(workspace: Workspace, session: Session, attempt: Resolution) -> bool:
    """Whether the session's branch has gone on and holds the target that it was in conflict with."""
    tip = repositories.resolve(workspace.git, HEADS + session.branch)
    if tip is None or tip == attempt.head or tip != session.head:
        return False
    return history.is_ancestor(workspace.git, attempt.base, tip)
