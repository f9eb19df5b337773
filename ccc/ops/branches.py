"""Whether the branch that has a session's name here is that session's."""

from __future__ import annotations

from ccc.domain.sessions import Session
from ccc.errors import NotFound
from ccc.git import history
from ccc.git import repository as repositories
from ccc.ids import short_oid
from ccc.ops.workspace import Workspace


def require_own(workspace: Workspace, session: Session, tip: str | None) -> None:
    """Raises NotFound where `tip`, on the session's branch here, is without the work that is recorded of it.

    Branches go from machine to machine only as people push them, and two machines may have chosen the same
    name offline: then the branch of that name is another session's.
    """
    if session.where in (None, workspace.replica):
        return
    here = tip is not None and repositories.resolve(workspace.git, session.head) is not None
    if here and tip is not None and history.is_ancestor(workspace.git, session.head, tip):
        return
    raise NotFound(
        f"the work of {session.name}, {short_oid(session.head)} on {session.branch}, "
        "is in another copy of the repository",
        f"go on there, or push {session.branch} there and fetch it here under that name",
    )
