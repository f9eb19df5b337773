"""Finding a session by whatever people call it: id, prefix, name, alias, branch."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from ccc.domain.sessions import Session
from ccc.errors import Ambiguous, NotFound
from ccc.ids import LEAST_PREFIX, short
from ccc.platform import trees


def find(reference: str, sessions: Sequence[Session]) -> Session:
    """The one session meant. Raises NotFound with near names, Ambiguous with the candidates."""
    for fits in (_exact, _alias, _prefix, _terminal):
        found = fits(reference.strip(), sessions)
        if len(found) == 1:
            return found[0]
        if found:
            raise Ambiguous(
                f"{reference} fits {len(found)} sessions",
                "use one of: " + ", ".join(f"{short(session.id)} {session.name}" for session in found),
            )
    raise NotFound(f"no session {reference}", _near(reference, sessions))


def find_all(references: Sequence[str], sessions: Sequence[Session]) -> list[Session]:
    """Each one meant, once, in the order given; all of them where nothing is named."""
    if not references:
        return list(sessions)
    return list(dict.fromkeys(find(reference, sessions) for reference in references))


def _exact(reference: str, sessions: Sequence[Session]) -> list[Session]:
    fits = [s for s in sessions if reference in (s.id, s.name, s.branch, f"refs/heads/{s.branch}")]
    return _open_first(fits)


def _alias(reference: str, sessions: Sequence[Session]) -> list[Session]:
    return _open_first([session for session in sessions if session.alias == reference.lower()])


def _prefix(reference: str, sessions: Sequence[Session]) -> list[Session]:
    if len(reference) < LEAST_PREFIX:
        return []
    return [session for session in sessions if session.id.startswith(reference.lower())]


def _terminal(reference: str, sessions: Sequence[Session]) -> list[Session]:
    """`pid:4711`: any process of the session's agent."""
    kind, _, number = reference.partition(":")
    if kind != "pid" or not number.isdecimal():
        return []
    identifier = trees.variable(int(number), "CCC_SESSION")
    return [session for session in sessions if session.id == identifier]


def _open_first(fits: list[Session]) -> list[Session]:
    """A name or alias used again means the session that is not closed."""
    still_open = [session for session in fits if session.closed is None]
    if len(still_open) == 1:
        return still_open
    return fits[-1:] if fits and not still_open else fits


def _near(reference: str, sessions: Sequence[Session]) -> str:
    names = [name for session in sessions for name in (session.name, session.alias) if name]
    near = difflib.get_close_matches(reference, names, n=3, cutoff=0.5)
    near += [name for name in names if reference and reference in name and name not in near]
    return f"did you mean {', '.join(near[:3])}?" if near else "git ccc status --all lists the sessions"
