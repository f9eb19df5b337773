"""Pairs of sessions that pass the gate each alone and fail together, as recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ccc.domain import landings
from ccc.domain.conflicts import GATE, Conflict
from ccc.domain.sessions import Session
from ccc.ops.items import Item, item
from ccc.ops.look import Picture
from ccc.records import dataclass
from ccc.store.protocol import State


@dataclass(frozen=True)
class Pair:
    """`behind` failed on top of `before`; `why` is the command that did, `since` when that was found."""

    behind: Session
    before: Session
    why: str
    since: str


def pairs(state: State, sessions: Mapping[str, Session]) -> Iterator[Pair]:
    """Those that still hold: neither branch has moved since, and at most one of them has landed."""
    for name, cells in state.streams(landings.KIND).items():
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
    sessions = {each.id: each for each in picture.sessions}
    found = []
    for pair in pairs(picture.state, sessions):
        mine = {pair.behind.id: pair.before, pair.before.id: pair.behind}.get(identifier)
        if mine is not None and sessions[identifier].head == head:
            found.append(f"fails together with {mine.name}, each passes alone: {pair.why}")
    return found


def conflicts(state: State, sessions: Mapping[str, Session]) -> Iterator[Conflict]:
    """The same as conflicts of the kind `gate`: there is no file in which they meet."""
    for pair in pairs(state, sessions):
        told = (pair.before.name, pair.behind.name)
        yield Conflict(
            pair.before.id, pair.behind.id, GATE, (), uncommitted=False, since=pair.since, told=told
        )


def of_clashes(picture: Picture) -> Iterator[Item]:
    """One item for each pair."""
    for pair in pairs(picture.state, {each.id: each for each in picture.sessions}):
        title = f"{pair.before.name} and {pair.behind.name} fail together"
        text = f"each passes the gate of {pair.behind.target} alone; together: {pair.why}"
        key = f"gate\n{pair.before.id}\n{pair.since}"
        command = f"git ccc review {pair.behind.name}"
        yield item("conflict", pair.behind, key, title=title, text=text, since=pair.since, command=command)
