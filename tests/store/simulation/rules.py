"""The store's safety rules, each with the smallest change that takes it away."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from ccc.domain import cells, stamps
from ccc.domain.events import clock_in
from ccc.errors import CccError
from ccc.git.objects import Entry, MissingObject
from ccc.store import celltree, gitstore, history, journal, merges, publisher, scribe, tips, wal
from ccc.store.crashpoints import reached
from ccc.store.history import History, messages
from ccc.store.wal import Batch, Kept
from tests.store.simulation.kinds import BUSY, HARSH, LOSSY, NEAR, SHARED, TORN, TWINS
from tests.store.simulation.world import Kind


@dataclass
class Removal:
    """Puts stand-ins where a rule is kept, and counts who comes by each: one never met removes nothing."""

    patch: pytest.MonkeyPatch
    met: Counter[str] = field(default_factory=Counter)

    def put(self, owner: Any, name: str, stand_in: Callable[..., object]) -> None:
        """`stand_in` in the place of a function, method or property. Raises AttributeError where none is."""
        where = f"{owner.__name__}.{name}"
        self.met[where] = 0

        def counted(*arguments: Any, **options: Any) -> object:
            self.met[where] += 1
            return stand_in(*arguments, **options)

        real = inspect.getattr_static(owner, name)
        self.patch.setattr(owner, name, property(counted) if isinstance(real, property) else counted)

    @property
    def stale(self) -> list[str]:
        """Places that nothing came by."""
        return sorted(where for where, count in self.met.items() if not count)


@dataclass(frozen=True)
class Rule:
    """A rule in words, how to take it away, and the kind of day that shows why it is there."""

    words: str
    remove: Callable[[Removal], None]
    kind: Kind = NEAR

    def __str__(self) -> str:
        return self.words


def _stamp_anew(removal: Removal) -> None:
    """A batch that is finished by another process gets stamps of that process."""
    undone = wal.undone
    removal.put(
        wal, "undone", lambda layout: [replace(kept, batch=_restamped(kept.batch)) for kept in undone(layout)]
    )


def _restamped(batch: Batch) -> Batch:
    clock = clock_in(batch.messages[-1]) or stamps.GENESIS
    events = []
    for event in batch.events:
        clock = stamps.following(clock, 0, "anew")
        events.append(replace(event, id=clock))
    return replace(batch, messages=tuple(messages(events, stamps.GENESIS)))


def _not_look_for_ids(removal: Removal) -> None:
    removal.put(History, "having", lambda self, tip, ids: set())


def _forget_sources(removal: Removal) -> None:
    removal.put(gitstore.GitStore, "_sources_recorded", lambda self, repeated, tip: set())


def _log_after_the_swap(removal: Removal) -> None:
    def publish(self: publisher.Publisher, batch: Batch, tip: str | None, *, durable: bool) -> None:
        assert self.swap(tip, batch.build(self._history))
        reached("wal-written")
        wal.mark_done(self._layout, wal.write(self._layout, batch, durable=durable))

    removal.put(publisher.Publisher, "publish", publish)


def _keep_the_first_parent(removal: Removal) -> None:
    """The log goes on naming the parent that the batch was first made on."""

    def rewritten(self: publisher.Publisher, kept: Kept, batch: Batch, *, durable: bool) -> Kept:
        return replace(kept, batch=batch)

    removal.put(publisher.Publisher, "_rewritten", rewritten)


def _put_everything_on_the_tip(removal: Removal) -> None:
    """A batch left over is always put on the tip, though others may have its commits."""
    removal.put(publisher.Publisher, "_built", lambda self, one: None)


def _join_merges(removal: Removal) -> None:
    removal.put(history.Record, "only_merges", lambda self: False)


def _keep_all_heads(removal: Removal) -> None:
    removal.put(History, "is_ancestor", lambda self, old, new: old == new)


def _let_the_first_win(removal: Removal) -> None:
    removal.put(cells, "greater", lambda one, other: other if other[0] > one[0] else one)


def _build_on_what_is_found(removal: Removal) -> None:
    removal.put(gitstore.GitStore, "_mended", lambda self, **_: None)
    removal.put(tips, "present", lambda layout, look: look())


def _not_look_back(removal: Removal) -> None:
    removal.put(publisher.Publisher, "recover", lambda self, high, limit: 0)


def _leave_blobs_out(removal: Removal) -> None:
    removal.put(scribe, "blobs_of", lambda drafts, objects: ())


def _take_unfinished_files(removal: Removal) -> None:
    removal.put(journal, "_ends", lambda content: True)


def _take_missing_for_absent(removal: Removal) -> None:
    def entries(self: celltree.CellTree, tree: str) -> dict[str, Entry]:
        try:
            return read(self, tree)
        except MissingObject:
            return {}

    read = celltree.CellTree.entries
    removal.put(celltree.CellTree, "entries", entries)


def _forget_merges(removal: Removal) -> None:
    removal.put(merges, "note", lambda layout, record: None)


def _not_rebuild(removal: Removal) -> None:
    removal.put(publisher.Publisher, "rebuild", lambda self: 0)


def _not_finish_batches(removal: Removal) -> None:
    removal.put(gitstore.GitStore, "_finish_batches", lambda self: 0)


def _claim_by_copying(removal: Removal) -> None:
    """The files of a drain that died stay with it for ever."""
    removal.put(journal.Claim, "_abandoned", lambda self: [])


def _name_batches_by_clock(removal: Removal) -> None:
    removal.put(Batch, "name", lambda self: self.clock)


def failures() -> tuple[type[BaseException], ...]:
    """How a day ends that went wrong."""
    return (AssertionError, CccError, OSError, RecursionError)


def names(rules: Sequence[Rule]) -> Iterator[str]:
    """As test ids."""
    return (rule.words.replace(" ", "-") for rule in rules)


RULES = (
    Rule("a stamp is final before the ref moves and kept on every retry", _stamp_anew),
    Rule("what is on the ref already is known by its ids", _not_look_for_ids),
    Rule("sources are remembered", _forget_sources),
    Rule("the log is written before the swap", _log_after_the_swap, HARSH),
    Rule("the log names the parent that was really used", _keep_the_first_parent, BUSY),
    Rule("a batch left over comes back as the very commits", _put_everything_on_the_tip, SHARED),
    Rule("merges are looked through", _join_merges),
    Rule("heads are the maximal commits", _keep_all_heads),
    Rule("the greater canonical value wins", _let_the_first_win, TWINS),
    Rule("nothing is built on a ref that was moved", _build_on_what_is_found),
    Rule("a process looks back at its first drain", _not_look_back),
    Rule("blobs travel in the batch", _leave_blobs_out),
    Rule("a journal file counts when it ends in a newline", _take_unfinished_files),
    Rule("a missing object is no absent name", _take_missing_for_absent, TORN),
    Rule("merges are on record", _forget_merges, Kind("far", steps=50, far=True, often=("lose-objects",))),
    Rule("lost objects are made again", _not_rebuild, LOSSY),
    Rule("batches left over are finished", _not_finish_batches),
    Rule("claims of the dead are taken over", _claim_by_copying),
    Rule("a batch keeps its name", _name_batches_by_clock, BUSY),
)
