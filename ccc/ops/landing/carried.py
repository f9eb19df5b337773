"""Work of other sessions that a branch would take to its target along with its own."""

from __future__ import annotations

from collections.abc import Sequence

from ccc.domain.sessions import Session
from ccc.ops.landing.behind import behind
from ccc.ops.workspace import Workspace

NAMED = 3


def carried(
    workspace: Workspace,
    known: Sequence[Session],
    session: Session,
    base: str,
    head: str,
    landed: Sequence[str] = (),
) -> list[Session]:
    """The other sessions of whose work `head` has commits that the target, at `base`, has not.

    Told by the trailer of their briefs, by their heads, and by what the session was begun on. `landed`:
    commits whose work the target has by other commits.
    """
    commits = behind(workspace, base, head, landed)
    oids = {commit.oid for commit in commits}
    briefed = {commit.sessions[0] for commit in commits if len(commit.sessions) == 1}
    grounds = {ground.session for ground in session.grounds if ground.commit in oids}

    def is_in(other: Session) -> bool:
        by_head = other.head in oids and other.head != other.base
        return other.id in briefed or other.id in grounds or by_head

    return [other for other in known if other.id != session.id and is_in(other)]


def words(others: Sequence[Session]) -> str:
    """Why such a branch does not land yet, and what lands first."""
    names = [each.name for each in others[:NAMED]]
    more = f" and {len(others) - NAMED} more" if len(others) > NAMED else ""
    begin = f"it carries work of {', '.join(names)}{more} that has not landed"
    first = next((each for each in others if each.closed is None), None)
    return begin if first is None else f"{begin}; first: git ccc merge {first.name}"
