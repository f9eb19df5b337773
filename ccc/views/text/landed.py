"""What `merge` says: landings, and the order it would land in."""

from __future__ import annotations

from collections.abc import Sequence

from ccc.ids import short_oid
from ccc.ops.landing.land import Landing
from ccc.ops.landing.overview import LeftOut, Queued, Unqueued
from ccc.ops.landing.review import Review
from ccc.text import printable


def landing_text(landing: Landing) -> str:
    """The landing in one line, remarks after it."""
    session = landing.session
    line = f"landed {session.name} on {session.target} as {short_oid(landing.commit)}"
    return "\n".join([printable(line), *(f"  {printable(remark)}" for remark in landing.remarks)])


def nothing_text(starting: int) -> str:
    """That nothing waits to land; `starting` sessions wait in the other queue, that of starts."""
    if not starting:
        return "nothing waits to land"
    one = starting == 1
    waits = f"{starting} session{'' if one else 's'} wait{'s' if one else ''} to start: git ccc status"
    return f"nothing waits to land ({waits})"


def queue_text(
    entries: Sequence[Queued], others: Sequence[LeftOut] = (), unqueued: Sequence[Unqueued] = ()
) -> str:
    """One line an entry, in order: how it stands, and what it waits for; then those that cannot be read.

    Last those that are only tested.
    """
    lines = []
    for each in entries:
        session = each.shown.session
        about = f" ({each.words})" if each.words else ""
        place = f"{each.shown.position}. {session.name} -> {each.shown.combined.target}"
        lines.append(printable(f"{place}: {each.shown.state}{about}"))
    for other in others:
        place = f"-  {other.session.name} -> {other.session.target}"
        lines.append(printable(f"{place}: failed ({other.error.message})"))
    lines += [
        printable(f"-  {one.session.name} -> {one.session.target}: {one.state} ({one.words})")
        for one in unqueued
    ]
    return "\n".join(lines)


def plan_text(entries: Sequence[Review]) -> str:
    """One line a landing, in order, with what stands against it."""
    lines = []
    for number, entry in enumerate(entries, 1):
        against = "; ".join(entry.why_not) or "ready"
        lines.append(
            printable(f"{number}. {entry.session.name} -> {entry.combined.target}: {entry.state} ({against})")
        )
    return "\n".join(lines)
