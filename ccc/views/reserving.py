"""Reservations as text and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ccc.ops.reservations.held import Held
from ccc.text import printable
from ccc.views.documents import Document, document


def reservations_text(held: Sequence[Held]) -> str:
    """One claim a line, oldest first."""
    return "\n".join(printable(_line(each)) for each in held)


def _line(held: Held) -> str:
    return f"{held.claim.path}  {held.session.name}{_waits(held)}{_provisional(held)}, since {held.claim.at}"


def _waits(held: Held) -> str:
    return f" waits for {', '.join(each.name for each in held.before)}" if held.before else ""


def _provisional(held: Held) -> str:
    return " (provisional: not shared yet)" if held.provisional else ""


def held_text(held: Sequence[Held]) -> str:
    """What a session has now, and what it waits for."""
    lines = []
    for each in held:
        if each.standing.holds:
            lines.append(f"{each.claim.path} is reserved for {each.session.name}{_provisional(each)}")
        else:
            names = ", ".join(session.name for session in each.before)
            lines.append(
                f"{each.claim.path} is reserved for {names}; {each.session.name} is told when it is free"
            )
    return "\n".join(map(printable, lines))


def reservations_document(tip: str | None, held: Sequence[Held]) -> Document:
    """`reserve`: `behind` are the ids of the sessions before it; it holds where there is none."""
    return document(tip, reservations=[_reservation(each) for each in held])


def _reservation(held: Held) -> dict[str, Any]:
    return {
        "session": held.session.id,
        "name": held.session.name,
        "path": held.claim.path,
        "state": "held" if held.standing.holds else "waiting",
        "behind": [each.id for each in held.before],
        "since": held.claim.at,
        "provisional": held.provisional,
    }
