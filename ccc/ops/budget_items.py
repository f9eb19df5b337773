"""What a session that has used up a limit wants of a person."""

from __future__ import annotations

from collections.abc import Iterator

from ccc.domain import limits
from ccc.domain.life import Life
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
    todo = command(session, sighting.life)
    yield item("budget", session, key, title=title, text=text, since=exhausted.at, command=todo)


def command(session: Session, life: Life | None = None) -> str:
    """What a person runs to let it go on: more of what was used up first, and of what else has no rest."""
    first = session.exhausted.what if session.exhausted else ""
    measured = limits.measured(limits.limits_of(session, life), limits.used_by(session, life))
    others = [each.kind for each in measured if each.is_full and each.kind != first]
    return command_for(session, *(MORE.get(kind, "") for kind in (first, *others)))


def command_for(session: Session, *options: str) -> str:
    """The same with these options."""
    return " ".join(("git ccc resume", session.name, *filter(None, options)))
