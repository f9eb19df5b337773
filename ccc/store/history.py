"""The diary as commits: how events are appended, histories merged, and events read back."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property

from ccc.domain import stamps
from ccc.domain.canonical import Value
from ccc.domain.cells import Cells
from ccc.domain.events import Event, clock_in, delta, encode, events_in, message
from ccc.errors import StateBroken
from ccc.git.objects import COMMIT, Commit, ObjectDatabase, ObjectReader, build_commit, parse_commit
from ccc.records import dataclass
from ccc.store.cache import Cache
from ccc.store.celltree import CellTree, CellTreeWriter
from ccc.store.parsing import Parser
from ccc.store.protocol import FORMAT, META, Logged

NOBODY = "ccc <ccc@localhost>"
GENESIS_DATE = 1_767_225_600
GENESIS_CELLS: Mapping[str, Cells] = {
    META: {"format": (stamps.GENESIS, FORMAT), "epoch.0": (stamps.GENESIS, 1)}
}
ONE_BY_ONE = 1000
"""Up to so many events at once are one commit each; more become one commit (CONTRACT §5)."""

KEPT_COMMITS = 20_000


@dataclass(frozen=True)
class Record:
    """A commit of the diary; `clock` is the greatest stamp behind it."""

    oid: str
    commit: Commit
    clock: str

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """What it adds, oldest first. Raises StateBroken for events that cannot be read."""
        try:
            return tuple(events_in(self.commit.message))
        except (ValueError, TypeError) as error:
            raise StateBroken(f"commit {self.oid} cannot be read: {error}", "git ccc fsck") from error

    @property
    def only_merges(self) -> bool:
        """Whether it presents several histories as one and says nothing itself."""
        return len(self.commit.parents) > 1 and not self.events


class _Younger:
    """Orders a heap by stamp, youngest first."""

    __slots__ = ("item", "stamp")

    def __init__(self, stamp: str, item: Record | Logged) -> None:
        self.stamp = stamp
        self.item = item

    def __lt__(self, other: _Younger) -> bool:
        return self.stamp > other.stamp


class History:
    """Reads the diary behind any commit."""

    def __init__(self, objects: ObjectReader, cache: Cache | None = None) -> None:
        self.objects = objects
        self.tree = CellTree(objects)
        self.parser = Parser(self.tree, cache)
        self._records: dict[str, Record] = {}

    def record(self, oid: str) -> Record:
        """The commit with its events. Raises MissingObject, StateBroken for one that ccc did not make."""
        known = self._records.get(oid)
        if known is None:
            known = self._keep(parse_record(oid, *self.objects.read(oid)))
        return known

    def _keep(self, record: Record) -> Record:
        if len(self._records) >= KEPT_COMMITS:
            self._records.clear()
        self._records[record.oid] = record
        return record

    def forget(self) -> None:
        """Drops what was kept of objects read before: some of them are gone."""
        self._records.clear()
        self.tree.forget()

    def walk(self, tips: Sequence[str], *, down_to: str = "") -> Iterator[Record]:
        """The commits behind the tips, greatest clock first, as far down as clocks above or at `down_to`."""
        heap: list[_Younger] = []
        seen: set[str] = set()
        from heapq import heappop  # half a millisecond, and `status` walks no history

        self._push(heap, seen, tips)
        while heap and heap[0].stamp >= down_to:
            record = heappop(heap).item
            assert isinstance(record, Record)
            yield record
            self._push(heap, seen, record.commit.parents)

    def _push(self, heap: list[_Younger], seen: set[str], oids: Sequence[str]) -> None:
        from heapq import heappush

        for oid in oids:
            if oid not in seen:
                seen.add(oid)
                record = self.record(oid)
                heappush(heap, _Younger(record.clock, record))

    def events(self, tips: Sequence[str], *, down_to: str = "") -> Iterator[Logged]:
        """Every event behind the tips once, youngest first, whatever histories it came through."""
        from heapq import heappush

        waiting: list[_Younger] = []
        last: list[Event] = []
        for record in self.walk(tips, down_to=down_to):
            yield from _unlike(last, _popped(waiting, above=record.clock))
            for event in record.events:
                heappush(waiting, _Younger(event.id, Logged(event, record.oid)))
        for logged in _unlike(last, _popped(waiting, above="")):
            if logged.event.id >= down_to:
                yield logged

    def having(self, tip: str, ids: Collection[str]) -> set[str]:
        """Which of these event ids are behind the tip; looks no further down than the oldest of them."""
        if not ids:
            return set()
        found: set[str] = set()
        for record in self.walk([tip], down_to=min(ids)):
            found.update(event.id for event in record.events if event.id in ids)
            if len(found) == len(ids):
                break
        return found

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether `old` is `new` or behind it; clocks never go back, so the walk ends at that of `old`."""
        native = getattr(self.objects, "is_ancestor", None)
        if native is not None:
            return bool(native(old, new))
        clock = self.record(old).clock
        return any(record.oid == old for record in self.walk([new], down_to=clock))

    def heads(self, tips: Sequence[str]) -> list[str]:
        """The maximal event commits behind the tips, sorted; commits that only merge are looked through."""
        todo, found = list(tips), set()
        while todo:
            record = self.record(todo.pop())
            if record.only_merges:
                todo.extend(record.commit.parents)
            else:
                found.add(record.oid)
        return sorted(
            one for one in found if not any(one != other and self.is_ancestor(one, other) for other in found)
        )


def parse_record(oid: str, kind: str, content: bytes) -> Record:
    """The record in a commit's bytes. Raises StateBroken for anything that ccc does not write."""
    if kind != COMMIT:
        raise StateBroken(f"object {oid} is a {kind} where a commit belongs", "git ccc fsck")
    try:
        commit = parse_commit(content)
    except ValueError as error:
        raise StateBroken(f"commit {oid} cannot be read: {error}", "git ccc fsck") from error
    clock = clock_in(commit.message)
    if clock is None or not stamps.is_stamp(clock):
        raise StateBroken(f"commit {oid} on refs/ccc was not made by ccc", "git ccc fsck")
    return Record(oid, commit, clock)


def _popped(heap: list[_Younger], *, above: str) -> Iterator[Logged]:
    from heapq import heappop

    while heap and heap[0].stamp > above:
        logged = heappop(heap).item
        assert isinstance(logged, Logged)
        yield logged


def _unlike(last: list[Event], found: Iterator[Logged]) -> Iterator[Logged]:
    """Leaves out copies; `last` remembers the events with the id that came last."""
    for logged in found:
        if last and last[0].id != logged.event.id:
            last.clear()
        if any(encode(logged.event) == encode(event) for event in last):
            continue
        last.append(logged.event)
        yield logged


class HistoryWriter(History):
    """Also adds to the diary; every commit is raw bytes built here, the same on every backend."""

    objects: ObjectDatabase
    tree: CellTreeWriter

    def __init__(self, objects: ObjectDatabase, cache: Cache | None = None) -> None:
        super().__init__(objects)
        self.tree = CellTreeWriter(objects)
        self.parser = Parser(self.tree, cache)

    def genesis(self) -> str:
        """The first commit of every repository: constant bytes, nobody's identity."""
        tree = self.tree.apply(None, GENESIS_CELLS)
        text = message([], stamps.GENESIS, subject=f"ccc: format {FORMAT}")
        return self._write(Commit(tree, (), NOBODY, NOBODY, GENESIS_DATE, text))

    def append(self, parent: str, text: str, identity: str) -> str:
        """A commit with the finished message `text`, whose events change the parent's tree."""
        before = self.record(parent)
        clock = clock_in(text)
        assert clock is not None
        tree = self.tree.apply(before.commit.tree, delta(events_in(text)))
        date = max(before.commit.date, stamps.milliseconds(clock) // 1000)
        commit = Commit(tree, (parent,), identity, identity, date, text)
        return self._keep(Record(self._write(commit), commit, clock)).oid

    def merge(self, tips: Sequence[str]) -> str:
        """All histories as one: a function of the set of event commits behind the tips alone.

        Parents are the maximal event commits, the tree the join of theirs, the identity that of the parent
        with the greatest id.
        """
        heads = self.heads(tips)
        if len(heads) == 1:
            return heads[0]
        records = [self.record(head) for head in heads]
        clock = max(record.clock for record in records)
        text = message([], clock, subject=f"ccc: merge of {len(heads)} histories")
        who = records[-1].commit.committer
        date = max(record.commit.date for record in records)
        with self.objects.together():
            tree = functools.reduce(self.tree.join_trees, [record.commit.tree for record in records])
            return self._write(Commit(tree, tuple(heads), who, who, date, text))

    def _write(self, commit: Commit) -> str:
        return self.objects.write(COMMIT, build_commit(commit))


def format_of(history: History, tip: str) -> Value:
    """The format a history is written in."""
    cell = history.tree.read_stream(history.record(tip).commit.tree, META).get("format")
    return None if cell is None else cell[1]


def messages(events: Sequence[Event], clock: str) -> list[str]:
    """The finished commit messages that carry these events on top of a history with this clock."""
    if len(events) <= ONE_BY_ONE:
        texts = []
        for event in events:
            clock = max(clock, event.id)
            texts.append(message([event], clock))
        return texts
    clock = max(clock, *(event.id for event in events))
    sessions = len({event.session for event in events if event.session})
    return [message(events, clock, subject=f"ccc: {len(events)} events of {sessions} sessions")]
