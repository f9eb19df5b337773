"""The history behind a tip as fsck reads it: every commit once, whatever is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator

from ccc.domain import stamps
from ccc.domain.events import Event, clock_in, encode, events_in
from ccc.errors import StateBroken
from ccc.git.objects import COMMIT, Commit, ObjectReader, build_commit, parse_commit
from ccc.records import dataclass
from ccc.store.faults import Fault

RESTORE = "git ccc fsck --repair; what is left then comes from another copy of the repository"


@dataclass(frozen=True)
class Link:
    """A commit of the history; `clock` is empty where it carries none."""

    oid: str
    commit: Commit
    clock: str
    events: tuple[Event, ...]


@dataclass(frozen=True)
class Chain:
    """The commits behind `tip`, and what could not be read or was not made by ccc."""

    tip: str
    links: dict[str, Link]
    faults: tuple[Fault, ...]

    @property
    def whole(self) -> bool:
        """Whether every commit and every event in it could be read."""
        return not any(fault.kind != "foreign-commit" for fault in self.faults)

    def children(self) -> Iterator[tuple[Link, list[Link]]]:
        """Every commit with those of its parents that could be read."""
        for link in self.links.values():
            yield link, [self.links[parent] for parent in link.commit.parents if parent in self.links]


def read_chain(objects: ObjectReader, tip: str, genesis: str) -> Chain:
    """Reads all commits behind the tip, in time linear in their number."""
    links: dict[str, Link] = {}
    faults: list[Fault] = []
    seen, todo = {tip}, [tip]
    while todo:
        oid = todo.pop()
        link = _read(objects, oid, genesis, faults)
        if link is None:
            continue
        links[oid] = link
        fresh = [parent for parent in link.commit.parents if parent not in seen]
        seen.update(fresh)
        todo += fresh
    return Chain(tip, links, tuple(faults))


def _read(objects: ObjectReader, oid: str, genesis: str, faults: list[Fault]) -> Link | None:
    try:
        kind, content = objects.read(oid)
    except StateBroken as error:
        faults.append(Fault("missing-object", oid, f"commit of the history: {error.message}", RESTORE))
        return None
    try:
        commit = parse_commit(content)
    except ValueError:
        faults.append(_foreign(oid, f"a {kind} that is no commit"))
        return None
    clock = clock_in(commit.message) or ""
    why = _why_foreign(oid, kind, content, commit, clock, genesis)
    if why:
        faults.append(_foreign(oid, why))
    return Link(oid, commit, clock, _events(oid, commit, faults))


def _why_foreign(oid: str, kind: str, content: bytes, commit: Commit, clock: str, genesis: str) -> str:
    if kind != COMMIT or not stamps.is_stamp(clock):
        return f"no clock: {commit.message.partition(chr(10))[0]!r} by {commit.author}"
    if build_commit(commit) != content:
        return "not written as ccc writes commits"
    if not commit.parents and oid != genesis:
        return "begins a history of its own"
    return ""


def _foreign(oid: str, why: str) -> Fault:
    return Fault("foreign-commit", oid, why, "git ccc fsck --repair takes it off and keeps it")


def _events(oid: str, commit: Commit, faults: list[Fault]) -> tuple[Event, ...]:
    try:
        found = tuple(events_in(commit.message))
        for event in found:
            encode(event)
    except (ValueError, TypeError, AttributeError) as error:
        faults.append(Fault("unknown-format", oid, f"an event that cannot be read: {error}", "upgrade ccc"))
        return ()
    return found
