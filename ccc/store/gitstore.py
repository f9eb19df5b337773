"""The store of a repository: journal, write-ahead log and `refs/ccc`, under one lock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Protocol

from ccc.domain import stamps
from ccc.domain.events import Draft, Event
from ccc.errors import CccError, NotInitialised, StateBroken, StoreBusy
from ccc.git.command import Git
from ccc.git.objects import MissingObject, ObjectDatabase, References
from ccc.layout import Layout
from ccc.store import journal, tips, wal
from ccc.store.crashpoints import reached
from ccc.store.digest import complaint, digest
from ccc.store.history import HistoryWriter
from ccc.store.journal import Claim, Found
from ccc.store.lock import locked
from ccc.store.merging import mergeable
from ccc.store.present import Present
from ccc.store.processes import git_works_in
from ccc.store.protocol import REF, Decide, Logged, Observe, State
from ccc.store.scribe import Scribe
from ccc.store.states import state_at
from ccc.store.wal import Batch, Kept

SWAP_ATTEMPTS = 20
STALE_LOCK_SECONDS = 60.0
ENTRIES_AT_ONCE = 5000
REPEATED_SLACK_MS = 600_000


class Repository(ObjectDatabase, References, Protocol):
    """Objects and references of one common directory."""


class GitStore:
    """Records facts on `refs/ccc` (protocol Store)."""

    def __init__(
        self,
        layout: Layout,
        git: Git,
        *,
        objects: Repository,
        identity: Callable[[], str],
        observe: Observe,
        lane: str | None = None,
        now: Callable[[], int] = stamps.now_ms,
    ) -> None:
        self.layout = layout
        self.git = git
        self.history = HistoryWriter(objects)
        self._references: References = objects
        self._observe = observe
        self._lane = lane or stamps.new_lane()
        self._now = now
        self._scribe = Scribe(self.history, identity, self._lane, now)
        self._present = Present(layout, self.history, self.tip, observe, now)
        self._complaints: list[Draft] = []
        self._high_water_known = False
        self._retired_at = time.monotonic()

    # Reading

    def tip(self) -> str | None:
        """The commit on `refs/ccc`, None where it does not exist. Raises StateBroken."""
        return self._references.get(REF)

    def state(self, at: str | None = None) -> State:
        """The state at a commit id, or now with what is acknowledged and not yet drained."""
        return self._present.state() if at is None else state_at(self.history, at)

    def log(self) -> Iterator[Logged]:
        """Every event once, youngest first, pending ones foremost."""
        return self._present.log()

    # Writing

    def journal(self, draft: Draft) -> str:
        """Acknowledges a fact without waiting for anybody; the entry's name. Raises ValueError."""
        return journal.write(self.layout, draft)

    def transact(self, decide: Decide, *, durable: bool = True, timeout: float = 10.0) -> tuple[Event, ...]:
        """Drains what waits, decides, records the answer.

        Raises StoreBusy, StateBroken, ValueError for values that may not be recorded, what `decide` raises.
        """
        with locked(self.layout.lock, timeout):
            self._recover()
            self._drain(durable=durable)
            tip = self.tip()
            drafts = decide(state_at(self.history, tip))
            events = self._record(tip, drafts, durable=durable)
            self._retire_now_and_then()
            return events

    def drain(self, *, timeout: float = 10.0) -> int:
        """Records everything that waits in the journal; how many events."""
        with locked(self.layout.lock, timeout):
            recovered = self._recover()
            drained = self._drain(durable=False)
            self._retire()
            return recovered + drained

    def absorb(self, others: Sequence[str], *, timeout: float = 10.0) -> str:
        """Merges other histories into this one; the new tip.

        Histories more than 24 h ahead of our clock are left out (`merging.mergeable` says why). Raises
        NotInitialised before `init`.
        """
        with locked(self.layout.lock, timeout):
            self._recover()
            for _ in range(SWAP_ATTEMPTS):
                tip = self.tip()
                if tip is None:
                    raise NotInitialised("refs/ccc does not exist yet", "git ccc init")
                welcome = [other for other in others if mergeable(self.history, other, self._now()) is None]
                merged = self.history.merge([tip, *welcome])
                if merged == tip:
                    return tip
                if self._swap(tip, merged):
                    tips.append(self.layout, merged)
                    return merged
            raise StoreBusy("refs/ccc is moved by another program all the time", "try again")

    # One batch: write-ahead log, objects, ref

    def _record(self, tip: str | None, drafts: Sequence[Draft], *, durable: bool) -> tuple[Event, ...]:
        if not drafts:
            return ()
        self._refuse_a_lost_ref(tip)
        if not self._high_water_known:
            self._scribe.last = max(self._scribe.last, self._known_clock())
            self._high_water_known = True
        parent = self.history.genesis() if tip is None else tip
        batch, events = self._scribe.batch(parent, drafts)
        path = wal.write(self.layout, batch, durable=durable)
        reached("wal-written")
        self._publish(Kept(path, batch, done=False), tip, withdraw=True, durable=durable)
        return events

    def _known_clock(self) -> str:
        """The clock's high-water mark, unless it lies in a future that the clock did not reach."""
        high = wal.high_water(self.layout)
        ahead = stamps.milliseconds(high) - self._now()
        return high if ahead <= stamps.FUTURE_LIMIT_MS else stamps.GENESIS

    def _refuse_a_lost_ref(self, tip: str | None) -> None:
        known = tips.read(self.layout) if tip is None else []
        if known:
            raise StateBroken(
                f"refs/ccc is gone; it was at {known[-1]}", f"git update-ref refs/ccc {known[-1]}"
            )

    def _publish(self, kept: Kept, tip: str | None, *, withdraw: bool, durable: bool) -> None:
        """Moves the ref to the batch; moved by somebody without the lock, the batch follows, stamps kept.

        `withdraw`: a failure takes the batch back, so that what raised is not recorded afterwards.
        """
        try:
            kept, new = self._move_ref(kept, tip, durable=durable)
        except (CccError, OSError):
            if withdraw:
                kept.path.unlink(missing_ok=True)
            raise
        reached("swapped")
        tips.append(self.layout, new)
        wal.mark_done(self.layout, kept.path)
        reached("marked-done")

    def _move_ref(self, kept: Kept, tip: str | None, *, durable: bool) -> tuple[Kept, str]:
        for _ in range(SWAP_ATTEMPTS):
            new = kept.batch.build(self.history)
            reached("objects-written")
            if self._swap(tip, new):
                return kept, new
            tip = self.tip()
            if tip is None:
                raise StateBroken("refs/ccc was deleted while it was written", "git ccc fsck")
            kept = self._rewritten(kept, self._scribe.rebased(kept.batch, tip), durable=durable)
        raise StoreBusy("refs/ccc is moved by another program all the time", "try again")

    def _rewritten(self, kept: Kept, batch: Batch, *, durable: bool) -> Kept:
        path = wal.write(self.layout, batch, durable=durable)
        if path != kept.path:
            kept.path.unlink(missing_ok=True)
        return Kept(path, batch, done=False)

    def _swap(self, old: str | None, new: str) -> bool:
        try:
            return self._references.swap(REF, old, new)
        except StoreBusy:
            if not self._remove_stale_lock():
                raise
            return self._references.swap(REF, old, new)

    def _remove_stale_lock(self) -> bool:
        """Removes `refs/ccc.lock` left by a program that died; only under our lock."""
        path = self.layout.common / f"{REF}.lock"
        try:
            age = time.time() - path.stat().st_mtime
        except FileNotFoundError:
            return True
        if age < STALE_LOCK_SECONDS or git_works_in(self.layout.common):
            return False
        path.unlink(missing_ok=True)
        return True

    # What earlier processes left

    def _recover(self) -> int:
        """Finishes the batches of processes that died between writing them and saying so; how many events."""
        for path, reason in wal.damaged(self.layout):
            self.layout.journal_bad.mkdir(parents=True, exist_ok=True)
            self._complaints.append(complaint(path.name, reason))
            path.replace(self.layout.journal_bad / path.name)
        return sum(self._settle(kept) for kept in wal.undone(self.layout))

    def _settle(self, kept: Kept) -> int:
        tip = self.tip()
        try:
            built: str | None = kept.batch.build(self.history)
        except MissingObject:
            built = None
        ids = {event.id for event in kept.batch.events}
        have = set() if tip is None else self.history.having(tip, ids)
        if have == ids:
            wal.mark_done(self.layout, kept.path)
            return 0
        at_home = kept.batch.parent == tip or (tip is None and kept.batch.parent == self.history.genesis())
        if tip is not None and (built is None or not at_home):
            kept = self._rewritten(kept, self._scribe.rebased(kept.batch, tip, have), durable=False)
        self._publish(kept, tip, withdraw=False, durable=False)
        return len(ids - have)

    def _drain(self, *, durable: bool) -> int:
        """Records the journal, and what can be observed; how many events."""
        claim = Claim(self.layout, self._lane)
        try:
            found = iter(claim.take())
            count = self._drain_some(claim, list(islice(found, ENTRIES_AT_ONCE)), durable=durable)
            while some := list(islice(found, ENTRIES_AT_ONCE)):
                count += self._drain_some(claim, some, durable=durable)
            return count
        finally:
            claim.release()

    def _drain_some(self, claim: Claim, found: list[Found], *, durable: bool) -> int:
        tip = self.tip()
        known = self._sources_recorded([one for one in found if one.repeated], tip)
        fresh = [one for one in found if one.source not in known]
        found_out = digest(
            fresh, state_at(self.history, tip), self._observe, self.history.objects, self._now()
        )
        complaints = [complaint(one.path.name, reason, one.source) for one, reason in found_out.bad]
        drafts = [*found_out.drafts, *complaints, *self._complaints]
        events = self._record(tip, drafts, durable=durable)
        self._complaints.clear()
        for one, _ in found_out.bad:
            claim.set_aside(one)
        if found:
            claim.finish(found)
        return len(events)

    def _sources_recorded(self, repeated: list[Found], tip: str | None) -> set[str | None]:
        """Which of these files a drain that died has recorded: kept batches tell, then the diary."""
        if not repeated or tip is None:
            return set()
        known = {event.source for kept in wal.done(self.layout) for event in kept.batch.events}
        if {one.source for one in repeated} <= known:
            return known
        oldest = stamps.make(max(repeated[0].entry.at_ms - REPEATED_SLACK_MS, 0), 0, "0")
        for record in self.history.walk([tip], down_to=oldest):
            known.update(event.source for event in record.events)
        return known

    def _retire_now_and_then(self) -> None:
        if time.monotonic() - self._retired_at > wal.RETIRE_EVERY:
            self._retire()

    def _retire(self) -> None:
        waiting = frozenset(one.source for one in journal.waiting(self.layout))
        wal.retire(self.layout, self.history, waiting)
        self._retired_at = time.monotonic()
