"""What a session that has used up a limit wants of a person."""

from __future__ import annotations

from collections.abc import Iterator

from ccc.domain.sessions import Session
from ccc.ops.items import Item, item
from ccc.ops.look import Sighting

MORE = {
    "micro_usd": "--budget +1usd",
    "tokens": "--budget +100ktok",
    "seconds": "--budget +30m",
    "memory_bytes": "--budget +1GB",
    "processes": "--budget +50procs",
}
"""What lets a session go on, by what it has used up; the others need no more than a person's word."""


def of_limits(sighting: Sighting) -> Iterator[Item]:
    """The wish for more of what is used up; none while the agent still hands back."""
    session, view = sighting.session, sighting.view
    exhausted = session.exhausted
    if exhausted is None or view.status != "paused":
        return
    key = f"{exhausted.what}\n{exhausted.why}"
    title = f"{session.name} {'goes round in circles' if exhausted.what == 'loop' else 'is at its limit'}"
    text = view.evidence[0].what if view.evidence else exhausted.why
    yield item("budget", session, key, title=title, text=text, since=exhausted.at, command=command(session))


def command(session: Session) -> str:
    """What a person runs to let it go on."""
    return command_for(session, session.exhausted.what if session.exhausted else "")


def command_for(session: Session, what: str) -> str:
    """The same for a limit that is used up; `what` as in Exhausted."""
    return f"git ccc resume {session.name} {MORE.get(what, '')}".rstrip()
