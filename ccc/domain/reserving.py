"""Reserved paths: one cell a claim; of open ones that meet the oldest holds, others wait behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from ccc.domain.canonical import Value
from ccc.domain.cells import Cells
from ccc.domain.events import Draft
from ccc.domain.sessions import Session
from ccc.domain.stamps import rfc3339
from ccc.ids import digest
from ccc.records import dataclass

KIND = "reservations"
MOST = 200
"""Claims of one session: its stream stays small, and whoever wants more wants a folder."""

LONGEST = 300
ENDED = ("stopped", "failed")


def stream_of(session: str) -> str:
    """The stream of a session's claims."""
    return f"{KIND}/{session}"


@dataclass(frozen=True)
class Claim:
    """A session's wish for a path, in the order of `stamp`; `waited`: others held it when it was made."""

    session: str
    path: str
    stamp: str
    waited: bool

    @property
    def field(self) -> str:
        return field_of(self.path)

    @property
    def at(self) -> str:
        """Since when; RFC 3339 UTC."""
        return rfc3339(self.stamp)


@dataclass(frozen=True)
class Standing:
    """An open claim, and those before it that meet it, oldest first; it holds where there is none."""

    claim: Claim
    behind: tuple[Claim, ...]

    @property
    def holds(self) -> bool:
        return not self.behind


def field_of(path: str) -> str:
    """The cell of a claim to a path."""
    return digest("sha256", path.encode("utf-8", "replace"))[:16]


def claims_in(streams: Mapping[str, Cells]) -> list[Claim]:
    """Every claim, oldest first."""
    found = []
    for name, cells in streams.items():
        for stamp, value in cells.values():
            if isinstance(value, Mapping) and isinstance(value.get("path"), str):
                record: Mapping[str, Any] = value
                session = name.partition("/")[2]
                found.append(Claim(session, record["path"], stamp, bool(record.get("waited"))))
    return sorted(found, key=lambda claim: (claim.stamp, claim.session, claim.path))


def is_open(claim: Claim, session: Session | None) -> bool:
    """Whether a claim counts: its session is not closed, and did not land, stop or fail since."""
    if session is None or session.closed is not None:
        return False
    if session.landed is not None and session.landed.at > claim.at:
        return False
    return not (session.run.status in ENDED and session.run.at > claim.at)


def standings(claims: Iterable[Claim]) -> list[Standing]:
    """How open claims stand to each other; those of one session never wait for each other."""
    found: list[Standing] = []
    for claim in claims:
        before = (each.claim for each in found)
        behind = tuple(
            each for each in before if each.session != claim.session and meet(each.path, claim.path)
        )
        found.append(Standing(claim, behind))
    return found


@dataclass(frozen=True)
class Hop:
    """One session waits for another to give a path back; since `at` (RFC 3339 UTC)."""

    waiter: str
    holder: str
    path: str
    at: str


def circles(known: Sequence[Standing]) -> list[tuple[Hop, ...]]:
    """The ways by which sessions wait for themselves, each circle once, from its smallest id on."""
    waits = _waits(known)
    found: dict[frozenset[str], tuple[Hop, ...]] = {}
    for start in sorted(waits):
        way = _way(waits, start, start)
        if way:
            found.setdefault(frozenset(hop.waiter for hop in way), way)
    return list(found.values())


def closing(known: Sequence[Standing], session: str, path: str) -> tuple[Hop, ...]:
    """The circle that a session would close by waiting for a path; empty where it would close none."""
    waits = _waits(known)
    for standing in known:
        claim = standing.claim
        if claim.session != session and meet(claim.path, path):
            way = _way(waits, claim.session, session)
            if way:
                return (Hop(session, claim.session, path, ""), *way)
    return ()


def _waits(known: Sequence[Standing]) -> dict[str, dict[str, Hop]]:
    """Who waits for whom, by the oldest claim that does."""
    found: dict[str, dict[str, Hop]] = {}
    for each in known:
        for before in each.behind:
            hop = Hop(each.claim.session, before.session, each.claim.path, each.claim.at)
            found.setdefault(hop.waiter, {}).setdefault(hop.holder, hop)
    return found


def _way(waits: Mapping[str, Mapping[str, Hop]], start: str, end: str) -> tuple[Hop, ...]:
    """The shortest way from one session to another; from one to itself it leads through others."""
    ways: list[tuple[Hop, ...]] = [(hop,) for hop in waits.get(start, {}).values()]
    seen: set[str] = set()
    for way in ways:
        last = way[-1].holder
        if last == end:
            return way
        if last not in seen:
            seen.add(last)
            ways += [(*way, hop) for hop in waits.get(last, {}).values()]
    return ()


def made(session: Session, paths: Sequence[str], waiting: Sequence[str], by: str | None) -> Draft:
    """The fact that a session claims paths; `waiting` are those of them that others hold."""
    change: dict[str, Value] = {
        field_of(path): {"path": path, "waited": 1} if path in waiting else {"path": path} for path in paths
    }
    held = [path for path in paths if path not in waiting]
    words = [f"reserved {', '.join(held)}"] if held else []
    words += [f"waits for {', '.join(waiting)}"] if waiting else []
    return _fact(session, "reservation.made", "; ".join(words), change, by)


def released(session: Session, claims: Sequence[Claim], why: str, by: str | None) -> Draft:
    """The fact that a session gives claims back."""
    change: dict[str, Value] = {claim.field: None for claim in claims}
    words = f"released {', '.join(claim.path for claim in claims)}" + (f": {why}" if why else "")
    return _fact(session, "reservation.released", words, change, by)


def _fact(session: Session, kind: str, words: str, change: dict[str, Value], by: str | None) -> Draft:
    return Draft(kind, session.name, words, {stream_of(session.id): change}, session=session.id, by=by)


def covers(pattern: str, path: str) -> bool:
    """Whether a reservation is about a file: `*` and `?` stay inside a folder, `**` goes through folders."""
    return _meets(tuple(pattern.split("/")), tuple(path.split("/")))


def is_pattern(path: str) -> bool:
    """Whether a reservation stands for several paths by its signs; brackets are plain text."""
    return "*" in path or "?" in path


def meet(one: str, other: str) -> bool:
    """Whether there could be a file that both are about."""
    return _meets(tuple(one.split("/")), tuple(other.split("/")))


@lru_cache(maxsize=4096)
def _meets(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    if not one or not other:
        return all(part == "**" for part in one or other)
    if one[0] == "**":
        return _meets(one[1:], other) or _meets(one, other[1:])
    if other[0] == "**":
        return _meets(one, other[1:]) or _meets(one[1:], other)
    return _names_meet(one[0], other[0]) and _meets(one[1:], other[1:])


@lru_cache(maxsize=4096)
def _names_meet(one: str, other: str) -> bool:
    """The same inside a name, where `*` is any text and `?` any character."""
    if not one or not other:
        return not (one or other).strip("*")
    if one[0] == "*":
        return _names_meet(one[1:], other) or _names_meet(one, other[1:])
    if other[0] == "*":
        return _names_meet(one, other[1:]) or _names_meet(one[1:], other)
    return (one[0] == other[0] or "?" in (one[0], other[0])) and _names_meet(one[1:], other[1:])
