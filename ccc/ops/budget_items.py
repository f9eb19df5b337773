"""What a session that has used up a limit wants of a person."""

from __future__ import annotations

from collections.abc import Iterator

from ccc.domain import limits
from ccc.domain.budgets import typed
from ccc.domain.life import Life
from ccc.domain.sessions import Session
from ccc.ops.items import Item, item
from ccc.ops.look import Sighting

MORE = {
    "micro_usd": 1_000_000,
    "tokens": 100_000,
    "seconds": 1800,
    "memory_bytes": 10**9,
    "processes": 50,
}
"""What is proposed at most on top of what is used up; the others need no more than a person's word."""


def of_limits(sighting: Sighting) -> Iterator[Item]:
    """The wish for more of what is used up; none while the agent still hands back."""
    session, view = sighting.session, sighting.view
    exhausted = session.exhausted
    if exhausted is None or view.status != "paused":
        return
    key = f"{exhausted.what}\n{exhausted.why}"
    title = f"{session.name} {'goes round in circles' if exhausted.what == 'loop' else 'is at its limit'}"
    text = view.evidence[0].what if view.evidence else exhausted.why
    todo = command(session, sighting.life, today=sighting.as_of[:10])
    yield item("budget", session, key, title=title, text=text, since=exhausted.at, command=todo)


def command(session: Session, life: Life | None = None, *, today: str = "") -> str:
    """What a person runs to let it go on: more of what was used up first, and of what else has no rest.

    `today`: the present day (UTC); what sessions have together and used up on it needs `--now`.
    """
    first = session.exhausted.what if session.exhausted else ""
    used_today = session.exhausted is not None and session.exhausted.at[:10] == today
    now = "--now" if first in limits.SHARED and used_today else ""
    measured = limits.measured(limits.limits_of(session, life), limits.used_by(session, life))
    known = {each.kind: each for each in measured}
    others = [kind for kind, each in known.items() if each.is_full and kind != first]
    return command_for(
        session, *(more(kind, known[kind].limit if kind in known else 0) for kind in (first, *others)), now
    )


def more(kind: str, limit: int) -> str:
    """The option that gives as much again as the limit is, but no more than MORE; empty for other kinds.

    Of what is measured at one moment MORE: nobody knows how far it is above its limit by then.
    """
    if kind not in MORE:
        return ""
    adds_up = limit > 0 and kind not in limits.AT_ONCE
    return f"--budget +{typed(kind, min(limit, MORE[kind]) if adds_up else MORE[kind])}"


def command_for(session: Session, *options: str) -> str:
    """The same with these options."""
    return " ".join(("git ccc resume", session.name, *filter(None, options)))
