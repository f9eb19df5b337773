"""What waits for a person because sessions conflict."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from ccc.domain.conflicts import Conflict
from ccc.domain.sessions import Session
from ccc.ops.items import Item, item
from ccc.ops.look import Picture
from ccc.ops.radar.report import name_of, standing
from ccc.ops.radar.words import paths, ranges

COMMAND = "git ccc conflicts"
MOST, SHOWN_NAMES = 10, 3
"""Pairs that have an item of their own: of more nobody reads one by one."""


def of_conflicts(picture: Picture, besides: Collection[str] = (), most: int = MOST) -> Iterator[Item]:
    """One item for each pair, the oldest first, and one for all beyond `most`.

    `besides`: sessions whose conflict with their target is told otherwise.
    """
    sessions = {session.id: session for session in picture.sessions}
    found = [
        each for each in standing(picture.state, sessions) if each.target is None or each.b not in besides
    ]
    found.sort(key=lambda each: (each.since, each.pair))
    yield from (_item(each, sessions) for each in found[:most])
    rest = found[most:]
    if rest:
        words = "pairs conflict" if len(rest) > 1 else "pair conflicts"
        title, since = f"{len(rest)} more {words}", rest[0].since
        names = sorted({sessions[each.b].name for each in rest})
        text = f"of {', '.join(names[:SHOWN_NAMES])}{' and others' if len(names) > SHOWN_NAMES else ''}"
        yield item("conflict", None, "more", title=title, text=text, since=since, command=COMMAND)


def is_of_radar(found: Item) -> bool:
    """Whether it is about sessions that conflict while they work: they have been told, and may settle it."""
    return found.kind == "conflict" and found.command == COMMAND


def _item(each: Conflict, sessions: Mapping[str, Session]) -> Item:
    session, other = sessions[each.b], name_of(each.a, sessions)
    title = f"{session.name} conflicts with {other}"
    if each.target is None:
        title = f"{other} and {session.name} conflict"
    first = each.files[0] if each.files else None
    where = f" ({ranges(first.a)}; {ranges(first.b)})" if first is not None and first.a else ""
    text = f"in {paths(each)}{where if len(each.files) == 1 else ''}"
    text += "; not all of it is committed" if each.uncommitted else ""
    key = f"{each.a}\n{each.since}"
    return item("conflict", session, key, title=title, text=text, since=each.since, command=COMMAND)
