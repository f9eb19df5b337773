"""Who may start now, and in which order the others follow: decided from plain facts, without looking."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ccc.records import dataclass

NAMED = 5
"""Names in a reason; a longer list is counted."""


@dataclass(frozen=True)
class Room:
    """How many agents may live at once: in all, and of each role named. Numbers of sessions."""

    parallel: int
    per_role: Mapping[str, int]


@dataclass(frozen=True)
class Occupant:
    """A session that takes a place: a process of its agent or host lives, or its start is under way."""

    id: str
    name: str
    role: str


@dataclass(frozen=True)
class Candidate:
    """A session whose start was asked for: by whom (`s:<id>` or a person), when (RFC 3339 UTC).

    `first`: a person wants it before all others.
    """

    id: str
    name: str
    role: str
    priority: int
    by: str
    at: str
    first: bool = False


@dataclass(frozen=True)
class Place:
    """A candidate's place in the queue, from 1, and why it may not start now (None: it may).

    `behind`: ids of those of whom one has to give up its place first; empty where that is not the reason.
    """

    candidate: Candidate
    position: int
    why: str | None
    behind: tuple[str, ...] = ()


def in_order(candidates: Iterable[Candidate], served: Mapping[str, str]) -> list[Candidate]:
    """The order in which candidates start; the same for every process that asks.

    What a person put first, the latest such word before earlier ones; then higher priority; among equals
    whoever asks takes turns: next is who was served longest ago (`served`: asker to the moment of the last
    start, none is longest), then the older request.
    """
    waiting = list(candidates)
    firsts = sorted((each for each in waiting if each.first), key=lambda each: each.id)
    firsts.sort(key=lambda each: each.at, reverse=True)
    found = firsts
    for priority in sorted({each.priority for each in waiting if not each.first}, reverse=True):
        equals = [each for each in waiting if not each.first and each.priority == priority]
        found += _by_turns(equals, served)
    return found


def _by_turns(equals: Sequence[Candidate], served: Mapping[str, str]) -> list[Candidate]:
    """Round after round one of each asker, oldest first within an asker."""
    lines: dict[str, list[Candidate]] = {}
    for each in sorted(equals, key=lambda each: (each.at, each.id)):
        lines.setdefault(each.by, []).append(each)
    turns = sorted(lines, key=lambda by: (served.get(by, ""), lines[by][0].at, by))
    rounds = max((len(line) for line in lines.values()), default=0)
    return [lines[by][number] for number in range(rounds) for by in turns if number < len(lines[by])]


def places(
    ordered: Sequence[Candidate], occupants: Sequence[Occupant], room: Room, machine: str | None = None
) -> list[Place]:
    """Who of the ordered candidates may start now, and why the others may not.

    `machine` is why this machine takes nothing more. Who is stopped by the limit of its own role lets others
    pass; who is stopped by anything else does not.
    """
    taken: list[Occupant | Candidate] = list(occupants)
    found = []
    for position, each in enumerate(ordered, 1):
        why, behind = _why_not(each.role, taken, room, machine)
        if why is None:
            taken.append(each)
        found.append(Place(each, position, why, behind))
    return found


def _why_not(
    role: str, taken: Sequence[Occupant | Candidate], room: Room, machine: str | None
) -> tuple[str | None, tuple[str, ...]]:
    alike = [each for each in taken if each.role == role]
    most = room.per_role.get(role)
    if most is not None and len(alike) >= most:
        words, those = f"{len(alike)} of {most} of role {role} may run", alike
    elif len(taken) >= room.parallel:
        words, those = f"{len(taken)} of {room.parallel} may run", list(taken)
    else:
        return machine, ()
    return f"{words}: {listed([each.name for each in those])}", tuple(each.id for each in those)


def listed(names: Sequence[str]) -> str:
    """Names in a sentence; more than a few are counted."""
    if len(names) <= NAMED:
        return ", ".join(names)
    return f"{', '.join(names[: NAMED - 1])} and {len(names) - NAMED + 1} more"


def to_rest(
    waiting: Sequence[Place], idle: Sequence[Occupant], occupants: Sequence[Occupant], room: Room
) -> list[str]:
    """Ids of idle occupants that give up their place to those who wait; in `idle` whom to ask first is first.

    One for each that waits for want of a place; where the role is full, one of that role.
    """
    left = list(idle)
    chosen: list[str] = []
    count = Counter(each.role for each in occupants)
    for place in waiting:
        role = place.candidate.role
        most = room.per_role.get(role)
        full = most is not None and count[role] >= most
        fitting = next((each for each in left if not full or each.role == role), None)
        if fitting is not None:
            left.remove(fitting)
            chosen.append(fitting.id)
            count[fitting.role] -= 1
            count[role] += 1
    return chosen
