"""The order of a target's queue: fair, and each behind what it depends on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ccc.records import dataclass

PATIENCE = 10
"""Landings of others after which an entry comes before all that are not put first by a person."""


@dataclass(frozen=True)
class Place:
    """What decides an entry's place; `overtaken`: landings on its target since it was queued."""

    id: str
    target: str
    priority: int
    queued_at: str
    first: bool = False
    overtaken: int = 0


def in_order(places: Sequence[Place], needs: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """By target: whom a person put first, then who was overtaken too often, then by priority, then by time.

    Each comes behind those of the queue that it `needs`; circles are broken where they are met first.
    """
    order = [each.id for each in sorted(places, key=_key)]
    found: dict[str, None] = {}

    def take(identifier: str, above: frozenset[str]) -> None:
        for awaited in needs.get(identifier, ()):
            if awaited in order and awaited not in above and awaited not in found:
                take(awaited, above | {identifier})
        found.setdefault(identifier)

    for identifier in order:
        take(identifier, frozenset({identifier}))
    return tuple(found)


def _key(place: Place) -> tuple[str, int, int, str, str]:
    rank = 0 if place.first else 1 if place.overtaken >= PATIENCE else 2
    priority = 0 if rank == 1 else -place.priority
    return place.target, rank, priority, place.queued_at, place.id


def circles(needs: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Who depends on itself, and through whom: the circle from it back to it."""
    found = {}
    for start in needs:
        path = _way_back(needs, start)
        if path:
            found[start] = path
    return found


def _way_back(needs: Mapping[str, Sequence[str]], start: str) -> tuple[str, ...]:
    paths: list[tuple[str, ...]] = [(start,)]
    seen: set[str] = set()
    for path in paths:
        for awaited in needs.get(path[-1], ()):
            if awaited == start:
                return (*path, start)
            if awaited not in seen:
                seen.add(awaited)
                paths.append((*path, awaited))
    return ()
