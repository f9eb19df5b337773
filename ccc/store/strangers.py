"""Commits found on `refs/ccc` that this replica did not put there: what they are, and which may stay."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ccc.domain import stamps
from ccc.domain.events import Event, encode
from ccc.errors import StateBroken
from ccc.git.objects import COMMIT, MissingObject, build_commit, parse_commit
from ccc.layout import Layout
from ccc.records import dataclass
from ccc.store import wal
from ccc.store.history import HistoryWriter, Record, format_of, parse_record
from ccc.store.protocol import FORMAT

FOREIGN_LIMIT = 1000
"""So many commits that ccc did not make are looked at; behind them lies another project's history."""


@dataclass(frozen=True)
class Strangers:
    """`honest`: ends of what is written exactly as ccc writes; `foreign`: all other commits, with a reason.

    `events` are those of the honest ones; `ours` says that the write-ahead log holds each of them.
    """

    honest: tuple[str, ...]
    foreign: dict[str, str]
    events: tuple[Event, ...]
    ours: bool


def judge(layout: Layout, history: HistoryWriter, tip: str, known: Collection[str], now: int) -> Strangers:
    """Looks at every commit behind `tip` that is not among the known ones. Raises MissingObject."""
    judging = _Judging(history, set(known), now)
    order, foreign = judging.order(tip)
    good: dict[str, Record] = {}
    for oid in order:
        try:
            good[oid] = judging.honest(oid, good)
        except StateBroken as error:
            if isinstance(error, MissingObject):
                raise
            foreign[oid] = error.message
    inner = {parent for record in good.values() for parent in record.commit.parents}
    events = [event for record in good.values() for event in record.events]
    logged = _logged(layout) if events else set()
    return Strangers(
        honest=tuple(oid for oid in good if oid not in inner),
        foreign=foreign,
        events=tuple(events),
        ours=all(encode(event) in logged for event in events),
    )


def _logged(layout: Layout) -> set[str]:
    batches = (*wal.undone(layout), *wal.done(layout))
    return {encode(event) for kept in batches for event in kept.batch.events}


class _Judging:
    def __init__(self, history: HistoryWriter, known: set[str], now: int) -> None:
        self._history = history
        self._known = known
        self._genesis = history.genesis()
        self._limit = stamps.make(now + stamps.FUTURE_LIMIT_MS, 0, "0")

    def order(self, tip: str) -> tuple[list[str], dict[str, str]]:
        """Commits that look like ccc's, parents first, and those that do not, with the reason."""
        foreign: dict[str, str] = {}
        parents: dict[str, tuple[str, ...]] = {}
        todo = [tip]
        while todo:
            oid = todo.pop()
            if oid in parents or oid in self._known:
                continue
            kind, content = self._history.objects.read(oid)
            try:
                record = parse_record(oid, kind, content)
                parents[oid] = record.commit.parents
            except StateBroken as error:
                foreign[oid] = error.message
                parents[oid] = _parents(kind, content)
            if len(foreign) < FOREIGN_LIMIT:
                todo += parents[oid]
        return [oid for oid in _parents_first(tip, parents) if oid not in foreign], foreign

    def honest(self, oid: str, good: dict[str, Record]) -> Record:
        """The record of a commit that ccc, given parents and events, would have made bit by bit.

        Raises StateBroken with the reason for any other.
        """
        record = self._history.record(oid)
        commit, events = record.commit, record.events
        behind = [parent for parent in commit.parents if parent in good or parent in self._known]
        if len(behind) != len(commit.parents):
            raise StateBroken(f"commit {oid} stands on one that ccc did not make")
        if any(event.id > self._limit for event in events):
            raise StateBroken(f"commit {oid} is stamped more than 24 h ahead of this clock")
        if format_of(self._history, oid) != FORMAT:
            raise StateBroken(f"commit {oid} is in a format that this ccc does not know")
        if self._made_again(record) != oid:
            raise StateBroken(f"commit {oid} is not what ccc would have written")
        return record

    def _made_again(self, record: Record) -> str | None:
        commit = record.commit
        if not commit.parents:
            return self._genesis
        if record.only_merges:
            return self._history.merge(commit.parents)
        [parent] = commit.parents if len(commit.parents) == 1 else [None]
        ids = {event.id for event in record.events}
        if parent is None or not ids or self._history.having(parent, ids):
            return None
        if record.clock != max(self._history.record(parent).clock, *ids):
            return None
        if build_commit(commit) != self._history.objects.read(record.oid)[1]:
            return None
        return self._history.append(parent, commit.message, commit.committer)


def _parents(kind: str, content: bytes) -> tuple[str, ...]:
    try:
        return parse_commit(content).parents if kind == COMMIT else ()
    except ValueError:
        return ()


def _parents_first(tip: str, parents: dict[str, tuple[str, ...]]) -> Iterator[str]:
    done: set[str] = set()
    todo = [(tip, False)]
    while todo:
        oid, ready = todo.pop()
        if ready:
            yield oid
        elif oid in parents and oid not in done:
            done.add(oid)
            todo.append((oid, True))
            todo += [(parent, False) for parent in parents[oid]]
