"""Pairs of sessions that pass the gate each alone and fail together, as recorded."""

from __future__ import annotations

from collections.abc import Iterator

from ccc.domain import landings
from ccc.domain.sessions import Session
from ccc.ops.look import Picture
from ccc.records import dataclass


@dataclass(frozen=True)
class Pair:
    """`behind` failed on top of `before`; `why` is the command that did, `since` when that was found."""

    behind: Session
    before: Session
    why: str
    since: str


def pairs(picture: Picture) -> Iterator[Pair]:
    """Those that still hold: neither branch has moved since, and at most one of them has landed."""
    sessions = {each.id: each for each in picture.sessions}
    for name, cells in picture.state.streams(landings.KIND).items():
        if "clash" not in cells:
            continue
        identifier = name.partition("/")[2]
        clash = landings.from_cells(identifier, cells).clash
        one, other = sessions.get(identifier), sessions.get(clash.other if clash else "")
        if clash is None or one is None or other is None or one.closed is not None or one.landed_head:
            continue
        landed = other.landed is not None and other.landed.head == clash.other_head
        gone = other.closed is not None and not landed
        if one.head == clash.head and (landed or other.head == clash.other_head) and not gone:
            yield Pair(one, other, clash.why, clash.at)


def clashing(picture: Picture, identifier: str, head: str) -> list[str]:
    """With whom a session fails together, in words."""
    found = []
    for pair in pairs(picture):
        mine = {pair.behind.id: pair.before, pair.before.id: pair.behind}.get(identifier)
        if mine is not None and picture.of_id(identifier).session.head == head:
            found.append(f"fails together with {mine.name}, each passes alone: {pair.why}")
    return found
