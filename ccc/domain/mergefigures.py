"""What became of the work that sessions handed over for landing, told from the diary alone: pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any

from ccc.domain import conflicts, landings, sessions
from ccc.domain.canonical import Value
from ccc.domain.events import Event
from ccc.domain.stamps import milliseconds
from ccc.records import dataclass

ATTEMPTS = frozenset({"merge.handed-back", "merge.resolver-spawned", "merge.resolving"})
MS = 1000.0

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Figures:
    """Counts and durations in seconds.

    `handoffs`: commits that sessions reported as done; `in_conflict`: those of them that did not merge with
    their target, as recorded. `to_land`: from the first report since the landing before to the landing.
    `base_red`: failures of a gate that failed on the target alone, too; `flaky`: gates with a command that
    failed first; `clashes`: pairs that fail together. `stale`: approvals of something that became another
    before it landed.
    """

    handoffs: int
    in_conflict: int
    resolved: int
    landings: int
    to_land: tuple[float, ...]
    gates_passed: int
    gates_failed: int
    base_red: int
    flaky: int
    clashes: int
    approvals: int
    stale: int
    rejected: int
    pairs: int


def figures(events: Iterable[Event], since: str | None = None) -> Figures:
    """The figures of a diary, oldest event first; counted is what happened behind the stamp `since`."""
    fold = _Fold()
    for event in events:
        fold.add(event, counts=since is None or event.id > since)
    return fold.found()


def quantile(seconds: Sequence[float], share: float) -> float | None:
    """By the nearest rank; None where there is nothing."""
    ranked = sorted(seconds)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)] if ranked else None


@dataclass
class _Story:
    """One session so far: what it reported and when, whether its target is in its way, what was approved."""

    reported: set[str] = field(default_factory=set)
    current: str | None = None
    first: str | None = None
    blocked: set[str] = field(default_factory=set)
    approved: dict[Key, bool] = field(default_factory=dict)


class _Fold:
    def __init__(self) -> None:
        self.stories: dict[str, _Story] = {}
        self.counts = dict.fromkeys(COUNTED, 0)
        self.conflicts: set[tuple[str, str]] = set()
        self.seconds: list[float] = []

    def add(self, event: Event, *, counts: bool) -> None:
        if event.session is None:
            return
        story = self.stories.setdefault(event.session, _Story())
        take = TAKEN.get(event.type)
        if take is None and event.type in ATTEMPTS:
            take = _Fold._attempted
        if take is not None:
            take(self, event, story, 1 if counts else 0)

    def found(self) -> Figures:
        return Figures(
            to_land=tuple(self.seconds),
            in_conflict=len(self.conflicts),
            **self.counts,
        )

    def _reported(self, event: Event, story: _Story, one: int) -> None:
        claim = _record(event, sessions.stream_of(event.session or ""), "claim")
        commit = str(claim.get("commit", ""))
        story.current = commit
        story.first = story.first or event.id
        if one and commit not in story.reported:
            self.counts["handoffs"] += 1
        story.reported.add(commit)
        if one and story.blocked:
            self.conflicts.add((event.session or "", commit))

    def _attempted(self, event: Event, story: _Story, one: int) -> None:
        if one and story.current is not None:
            self.conflicts.add((event.session or "", story.current))

    def _appeared(self, event: Event, story: _Story, one: int) -> None:
        for name, _ in _fields(event, conflicts.stream_of(event.session or "")):
            if not name.startswith(conflicts.TARGET):
                self.counts["pairs"] += one
                continue
            story.blocked.add(name)
            self._attempted(event, story, one)

    def _gone(self, event: Event, story: _Story, _: int) -> None:
        for name, _value in _fields(event, conflicts.stream_of(event.session or "")):
            story.blocked.discard(name)

    def _landed(self, event: Event, story: _Story, one: int) -> None:
        landed = _record(event, sessions.stream_of(event.session or ""), "landed")
        key = _key(landed)
        self.counts["landings"] += one
        if one and story.first is not None:
            self.seconds.append(max(0, milliseconds(event.id) - milliseconds(story.first)) / MS)
        exact = key in story.approved
        self._outdate(story, key, one, lambda other: exact or other[1] != key[1])
        story.first = story.current = None
        story.approved.clear()

    def _approved(self, event: Event, story: _Story, one: int) -> None:
        for name, value in _fields(event, landings.stream_of(event.session or "")):
            if name.startswith(landings.APPROVAL) and isinstance(value, Mapping):
                key = _key(value)
                self.counts["approvals"] += one
                self._outdate(story, key, one, lambda _: True)
                story.approved[key] = False

    def _outdate(self, story: _Story, key: Key, one: int, matters: Callable[[Key], bool]) -> None:
        """What was approved before and is not this has become another meanwhile; each counts once.

        One that a landing carried over, as a trivial rebase is by the target's rules, was good to the end.
        """
        for other, known in story.approved.items():
            if other != key and not known and matters(other):
                story.approved[other] = True
                self.counts["stale"] += one

    def _gated(self, event: Event, story: _Story, one: int) -> None:
        del story
        passed = event.type == "merge.gate-passed"
        self.counts["gates_passed" if passed else "gates_failed"] += one
        gate = _record(event, landings.stream_of(event.session or ""), "gate")
        if not passed and gate.get("base_red"):
            self.counts["base_red"] += one
        self._flaky(event, one)

    def _gated_alone(self, event: Event, story: _Story, one: int) -> None:
        """The target alone was tried because this one failed."""
        del story
        gate = _record(event, landings.stream_of(event.session or ""), "gate")
        self.counts["base_red"] += one if gate.get("base_red") else 0
        self._flaky(event, one)

    def _flaky(self, event: Event, one: int) -> None:
        told = isinstance(event.data, Mapping) and event.data.get("flaky")
        self.counts["flaky"] += one if told else 0

    def _clashed(self, event: Event, story: _Story, one: int) -> None:
        del event, story
        self.counts["clashes"] += one

    def _resolved(self, event: Event, story: _Story, one: int) -> None:
        del event
        story.blocked.clear()  # before the radar has looked again
        self.counts["resolved"] += one

    def _rejected(self, event: Event, story: _Story, one: int) -> None:
        del event, story
        self.counts["rejected"] += one


COUNTED = (
    *("handoffs", "resolved", "landings", "gates_passed", "gates_failed", "base_red", "flaky"),
    *("clashes", "approvals", "stale", "rejected", "pairs"),
)
TAKEN = {
    "session.reported": _Fold._reported,
    "session.landed": _Fold._landed,
    "conflict.appeared": _Fold._appeared,
    "conflict.gone": _Fold._gone,
    "merge.approved": _Fold._approved,
    "merge.gate-passed": _Fold._gated,
    "merge.gate-failed": _Fold._gated,
    "merge.clashed": _Fold._clashed,
    "target.gate-passed": _Fold._gated_alone,
    "target.gate-failed": _Fold._gated_alone,
    "merge.resolved": _Fold._resolved,
    "merge.rejected": _Fold._rejected,
}


def _fields(event: Event, stream: str) -> list[tuple[str, Value]]:
    return list(event.changes.get(stream, {}).items())


def _record(event: Event, stream: str, name: str) -> Mapping[str, Any]:
    found = event.changes.get(stream, {}).get(name)
    return found if isinstance(found, Mapping) else {}


def _key(record: Mapping[str, Any]) -> Key:
    base, head, tree = (str(record.get(name, "")) for name in ("base", "head", "tree"))
    return base, head, tree
