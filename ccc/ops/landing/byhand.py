"""Work of sessions that a person took to its target: merged, fast-forwarded, squashed or picked by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ccc.domain import landings
from ccc.domain.events import Draft
from ccc.domain.sessions import MERGE, PICKED, REBASE, SQUASH, Landed, Session
from ccc.git import arrival, history
from ccc.git.arrival import Arrival, arrivals
from ccc.git.command import Git

SESSIONS_FOLDER = ".ccc/sessions"
METHODS = {
    arrival.MERGED: MERGE,
    arrival.FORWARDED: REBASE,
    arrival.SQUASHED: SQUASH,
    arrival.PICKED: PICKED,
}


def arrived(
    git: Git,
    common: Path,
    move: tuple[str, str, str],
    waiting: Sequence[Session],
    *,
    closely: bool,
) -> Iterator[Draft]:
    """The landings that a move of a target was: `move` is its name, where it was, where it is."""
    target, old, new = move
    if not waiting:
        return
    heads = {session.head: _begin(git, session, target) for session in waiting}
    found = arrivals(git, common, old, new, heads, folder=SESSIONS_FOLDER, closely=closely)
    for session in waiting:
        how = found.get(session.head)
        if how is not None:
            yield landings.arrived(session, landed_by(how, session.head, target))


def _begin(git: Git, session: Session, target: str) -> str | None:
    """What of its work had landed before as other commits, of which git does not know; None: nothing."""
    landed = session.landed
    if landed is None or landed.target != target or landed.advanced is not None:
        return None
    return landed.head if history.is_ancestor(git, landed.head, session.head) else None


def landed_by(how: Arrival, head: str, target: str, words: str = "") -> Landed:
    """An arrival as a landing; `words` for how it came, else that ccc did not do it."""
    said = words or f"{how.way} outside ccc"
    on = head if how.way in (arrival.MERGED, arrival.FORWARDED) else None  # git knows it, so it can go on
    return Landed(how.commit, head, how.base, how.tree, target, on, "", METHODS[how.way], said)
