"""Moves `refs/ccc` to finished batches: write-ahead log, objects, compare-and-swap, in this order."""

from __future__ import annotations

import time
from collections.abc import Iterable

from ccc.domain import stamps
from ccc.errors import CccError, StateBroken, StoreBusy
from ccc.git.formats import lock_of
from ccc.git.objects import MissingObject, References
from ccc.layout import Layout
from ccc.platform.processes import git_works_in
from ccc.store import merges, tips, wal
from ccc.store.crashpoints import reached
from ccc.store.history import HistoryWriter, messages
from ccc.store.merges import Merge
from ccc.store.protocol import REF
from ccc.store.wal import Batch, Kept

SWAP_ATTEMPTS = 20
STALE_LOCK_SECONDS = 60.0
MOVED_ON = f"{REF} is moved by another program all the time"


class Publisher:
    """Everything here happens under the lock of the store."""

    def __init__(self, layout: Layout, history: HistoryWriter, references: References) -> None:
        self._layout = layout
        self._history = history
        self._references = references

    def publish(self, batch: Batch, tip: str | None, *, durable: bool) -> None:
        """Records a batch made on `tip`. What fails is taken back: an error means not recorded."""
        path = wal.write(self._layout, batch, durable=durable)
        reached("wal-written")
        kept = Kept(path, batch, done=False)
        try:
            self._publish(kept, tip, durable=durable)
        except (CccError, OSError):
            if self._is_recorded(batch):
                return
            path.unlink(missing_ok=True)
            raise

    def _is_recorded(self, batch: Batch) -> bool:
        """Whether it is on the reference, and only what comes after that failed: the next drain does it."""
        try:
            tip = self._references.get(REF)
            return tip is not None and len(self._having(tip, batch)) == len(batch.events)
        except StateBroken:
            return False

    def _having(self, tip: str, batch: Batch) -> set[str]:
        return self._history.having(tip, {event.id for event in batch.events})

    def settle(self, kept: Kept) -> int:
        """Finishes a batch whose process died; how many events were not on the ref yet."""
        tip = self._references.get(REF)
        built = self._built(kept.batch)
        have = set() if tip is None else self._having(tip, kept.batch)
        left = len(kept.batch.events) - len(have)
        if left and built is not None:
            self._join(built)
        if left and built is None:
            if tip is not None:
                kept = self._rewritten(kept, self._rebased(kept.batch, tip, have), durable=False)
            self._publish(kept, tip, durable=False)
        self._log_what_is_there(kept)
        return left

    def _log_what_is_there(self, kept: Kept) -> None:
        """The log names the commits that are on the reference.

        Where the lock does not work, another process may have put the batch on another parent meanwhile: the
        log has what was written last, the reference what was swapped first.
        """
        there, path = self._as_recorded(kept.batch), kept.path
        if there is not None and wal.logged(self._layout, kept.batch.name) != there:
            path = wal.write(self._layout, there, durable=False)
        wal.mark_done(self._layout, path)

    def _as_recorded(self, batch: Batch) -> Batch | None:
        """The batch as it is on the reference; None where its events are not one after the other there."""
        tip = self._references.get(REF)
        if tip is None:
            return None
        ids = {event.id for event in batch.events}
        behind = self._history.walk([tip], down_to=min(ids))
        records = [one for one in behind if not ids.isdisjoint(event.id for event in one.events)][::-1]
        parents = [one.commit.parents for one in records]
        events = [event.id for one in records for event in one.events]
        if events != [event.id for event in batch.events] or any(len(one) != 1 for one in parents):
            return None
        if any(later != (record.oid,) for record, later in zip(records, parents[1:], strict=False)):
            return None
        texts = tuple(one.commit.message for one in records)
        return Batch(parents[0][0], records[0].commit.committer, texts, batch.blobs)

    def _join(self, built: str) -> None:
        """It may have been on the reference, and others may have it: so the very commits come, not the events
        on another parent."""
        for _ in range(SWAP_ATTEMPTS):
            tip = self._references.get(REF)
            new = built if tip is None else self._history.merge([tip, built])
            if new == tip or self.swap(tip, new):
                return
        raise StoreBusy(MOVED_ON, "try again")

    def recover(self, high: str, limit: str) -> int:
        """Puts back what is recorded and not behind the reference any more; how many events.

        So it is after a power cut, when the reference and the record of its tips are older than they were,
        and what was synced to disk is there. `high` is the greatest stamp in the log; those above `limit`
        come from a clock set wrong.
        """
        tip = self._references.get(REF)
        clock = stamps.GENESIS if tip is None else self._history.record(tip).clock
        if high <= clock:
            return 0
        lost = [kept for kept in wal.done(self._layout, above=clock) if kept.path.stem <= limit]
        return sum(self.settle(kept) for kept in reversed(lost))

    def rebuild(self) -> int:
        """Makes the objects of all kept batches and merges again, on their recorded parents; of how many."""
        self._history.genesis()
        batches = [kept.batch for kept in (*wal.done(self._layout), *wal.undone(self._layout))]
        left: list[Batch | Merge] = sorted([*batches, *merges.kept(self._layout)], key=lambda one: one.clock)
        every, before = len(left), -1
        while len(left) != before:
            before = len(left)
            left = [one for one in left if self._built(one) is None]
        return every - len(left)

    def swap(self, old: str | None, new: str) -> bool:
        """Compare-and-swap of the reference; removes a lock that a program left when it died."""
        record = self._history.record(new)
        if record.only_merges:
            merges.note(self._layout, record)
        tips.announce(self._layout, new)
        try:
            moved = self._references.swap(REF, old, new)
        except StoreBusy:
            if not self._remove_stale_lock():
                raise
            moved = self._references.swap(REF, old, new)
        if moved:
            reached("swapped")
            tips.append(self._layout, new)
        return moved

    def _built(self, one: Batch | Merge) -> str | None:
        """The commit that is made again; None where something it stands on is missing."""
        try:
            return one.build(self._history)
        except MissingObject:
            return None

    def _publish(self, kept: Kept, tip: str | None, *, durable: bool) -> None:
        for _ in range(SWAP_ATTEMPTS):
            new = kept.batch.build(self._history)
            reached("objects-written")
            if self.swap(tip, new):
                wal.mark_done(self._layout, kept.path)
                reached("marked-done")
                return
            # Moved by a writer that did not heed the lock, never by a stranger: that would be built on.
            tip = tips.present(self._layout, lambda: self._references.get(REF))
            if tip is None:
                raise StateBroken(f"{REF} was deleted while it was written", "git ccc fsck")
            have = self._having(tip, kept.batch)
            if len(have) == len(kept.batch.events):
                self._log_what_is_there(kept)
                return
            kept = self._rewritten(kept, self._rebased(kept.batch, tip, have), durable=durable)
        raise StoreBusy(MOVED_ON, "try again")

    def _rebased(self, batch: Batch, tip: str, have: Iterable[str] = ()) -> Batch:
        """The same events, stamps kept, on another tip; without those in `have`."""
        known = set(have)
        events = [event for event in batch.events if event.id not in known]
        texts = messages(events, self._history.record(tip).clock)
        return Batch(tip, batch.identity, tuple(texts), batch.blobs)

    def _rewritten(self, kept: Kept, batch: Batch, *, durable: bool) -> Kept:
        path = wal.write(self._layout, batch, durable=durable)
        if path != kept.path:
            kept.path.unlink(missing_ok=True)
        return Kept(path, batch, done=False)

    def _remove_stale_lock(self) -> bool:
        path = lock_of(self._layout.common, REF)
        try:
            age = time.time() - path.stat().st_mtime
        except FileNotFoundError:
            return True
        if age < STALE_LOCK_SECONDS or git_works_in(self._layout.common):
            return False
        path.unlink(missing_ok=True)
        return True
