"""The store of a repository: journal, write-ahead log and `refs/ccc`, under one lock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

from ccc.domain import stamps
from ccc.domain.events import Draft, Event
from ccc.domain.secrets import Filter
from ccc.errors import NotInitialised, StateBroken, StoreBusy
from ccc.git.command import Git
from ccc.git.objects import MissingObject, ObjectDatabase, References
from ccc.layout import Layout
from ccc.store import journal, tips, wal
from ccc.store.cache import Cache
from ccc.store.digest import complaint, digest
from ccc.store.history import HistoryWriter
from ccc.store.journal import Claim, Found
from ccc.store.lock import locked
from ccc.store.merging import mergeable
from ccc.store.present import Present
from ccc.store.protocol import REF, Decide, Logged, Observe, Restored, State
from ccc.store.publisher import SWAP_ATTEMPTS, Publisher
from ccc.store.restoring import lacking, lacks, stored
from ccc.store.scribe import Scribe
from ccc.store.states import state_at

_Answer = TypeVar("_Answer")
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
        filter: Filter | None = None,
    ) -> None:
        self.layout = layout
        self.git = git
        self.history = HistoryWriter(objects, Cache(layout.cache))
        self._references: References = objects
        self._publisher = Publisher(layout, self.history, objects)
        self._observe = observe
        self._lane = lane or stamps.new_lane()
        self._now = now
        self._scribe = Scribe(self.history, identity, self._lane, now)
        self.filter = self._scribe.filter = filter or Filter()
        self._present = Present(layout, self.history, self.tip, observe, now)
        self._complaints: list[Draft] = []
        self._high_water_known = False
        self._retired_at = time.monotonic()

    # Reading

    def tip(self) -> str | None:
        """The commit on `refs/ccc`, None before there is any.

        Raises StateBroken for one that cannot be read, and for one that was deleted.
        """
        return tips.present(self.layout, self._references.get(REF))

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

        def decided() -> tuple[Event, ...]:
            self._drain(durable=durable)
            tip = self.tip()
            return self._record(tip, decide(state_at(self.history, tip)), durable=durable)

        with locked(self.layout.lock, timeout):
            events = self._recovering(decided)
            if time.monotonic() - self._retired_at > wal.RETIRE_EVERY:
                self._retire()
            return events

    def drain(self, *, timeout: float = 10.0) -> int:
        """Records everything that waits in the journal; how many events."""
        with locked(self.layout.lock, timeout):
            count = self._recovering(lambda: self._drain(durable=False))
            self._retire()
            return count

    def absorb(self, others: Sequence[str], *, timeout: float = 10.0) -> str:
        """Merges other histories into this one; the new tip.

        Histories that are too far ahead of our clock, or of another format, are left out
        (`merging.mergeable` says why). Raises NotInitialised before `init`.
        """
        with locked(self.layout.lock, timeout):
            return self._recovering(lambda: self._absorb(others))

    def begin(self, others: Sequence[str], *, timeout: float = 10.0) -> str | None:
        """Begins `refs/ccc` with what others recorded; its tip, None where nothing of theirs may be merged.

        Does nothing where there is one already.
        """
        with locked(self.layout.lock, timeout):
            tip = self.tip()
            welcome = [other for other in others if mergeable(self.history, other, self._now()) is None]
            if tip is not None or not welcome:
                return tip
            merged = self.history.merge(welcome)
            if not self._publisher.swap(None, merged):
                raise StoreBusy(f"{REF} was made by another program just now", "try again")
            return merged

    def _absorb(self, others: Sequence[str]) -> str:
        self._finish_batches()
        for _ in range(SWAP_ATTEMPTS):
            tip = self.tip()
            if tip is None:
                raise NotInitialised("refs/ccc does not exist yet", "git ccc init")
            welcome = [other for other in others if mergeable(self.history, other, self._now()) is None]
            merged = self.history.merge([tip, *welcome])
            if merged == tip or self._publisher.swap(tip, merged):
                return merged
        raise StoreBusy("refs/ccc is moved by another program all the time", "try again")

    def restore(self, *, timeout: float = 10.0) -> Restored | None:
        """Makes `refs/ccc` hold again every tip this replica gave it; None where it does.

        A deleted one is created, one moved back goes forward, one with events of its own is merged.
        """
        with locked(self.layout.lock, timeout):
            return self._recovering(self._restored)

    def _restored(self) -> Restored | None:
        tip, known = self._references.get(REF), tips.read(self.layout)
        if not known or tip == known[-1]:
            return None
        if not self.history.objects.has(known[-1]):
            self._publisher.rebuild()
        readable = stored(self.history, known)
        missing = None if known[-1] in readable else known[-1]
        if tip is None:
            new = readable[0] if readable else None
        else:
            new = self.history.merge([tip, *lacking(self.history, tip, readable)])
        if new is None or (new == tip and missing is None):
            return None
        if new == tip:
            tips.append(self.layout, new)
        elif not self._publisher.swap(tip, new):
            raise StoreBusy(f"{REF} was moved while it was mended", "try again")
        return Restored(tip, new, missing)

    def _recovering(self, work: Callable[[], _Answer]) -> _Answer:
        """Does the work; where an object was pruned, rebuilds what the log still holds and tries again."""
        try:
            return work()
        except MissingObject:
            self.history.forget()
            if self._publisher.rebuild() == 0:
                raise
            return work()

    def _record(self, tip: str | None, drafts: Sequence[Draft], *, durable: bool) -> tuple[Event, ...]:
        if not drafts:
            return ()
        if not self._high_water_known:
            self._scribe.last = max(self._scribe.last, self._high_water())
            self._high_water_known = True
        parent = self.history.genesis() if tip is None else tip
        batch, events = self._scribe.batch(parent, drafts)
        self._publisher.publish(batch, tip, durable=durable)
        return events

    def _high_water(self) -> str:
        """The greatest clock this machine reached, unless a clock set wrong had taken it into the future."""
        high = wal.high_water(self.layout)
        ahead = stamps.milliseconds(high) - self._now()
        return high if ahead <= stamps.FUTURE_LIMIT_MS else stamps.GENESIS

    def _refuse_a_ref_moved_back(self) -> None:
        """Nothing is built on a history that lacks what this replica has recorded."""
        tip, known = self.tip(), tips.last(self.layout)
        if known is None or tip is None or tip == known:
            return
        try:
            moved = lacks(self.history, tip, known)
        except MissingObject:
            self._publisher.rebuild()
            if not self.history.objects.has(known):
                words = f"{REF} was moved to {tip}; it was at {known}, which is missing"
                raise StateBroken(words, tips.MEND) from None
            moved = lacks(self.history, tip, known)
        if moved:
            words = f"{REF} was moved to {tip}, which does not contain {known}, where it was"
            raise StateBroken(words, tips.MEND)

    # What waits

    def _finish_batches(self) -> int:
        """Finishes batches whose process died between writing them and saying so; how many events."""
        for path, reason in wal.damaged(self.layout):
            self.layout.journal_bad.mkdir(parents=True, exist_ok=True)
            self._complaints.append(complaint(path.name, reason))
            path.replace(self.layout.journal_bad / path.name)
        return sum(self._publisher.settle(kept) for kept in wal.undone(self.layout))

    def _drain(self, *, durable: bool) -> int:
        """Records the journal, and what can be observed; how many events."""
        self._refuse_a_ref_moved_back()
        count = self._finish_batches()
        claim = Claim(self.layout, self._lane)
        try:
            found = claim.take()
            for start in range(0, max(len(found), 1), ENTRIES_AT_ONCE):
                count += self._drain_some(claim, found[start : start + ENTRIES_AT_ONCE], durable=durable)
            return count
        finally:
            claim.release()

    def _drain_some(self, claim: Claim, found: list[Found], *, durable: bool) -> int:
        tip = self.tip()
        known = self._sources_recorded([one for one in found if one.repeated], tip)
        fresh = [one for one in found if one.source not in known]
        state = state_at(self.history, tip)
        result = digest(fresh, state, self._observe, self.history.objects, self._now())
        complaints = [complaint(one.path.name, reason, one.source) for one, reason in result.bad]
        drafts = [*result.drafts, *complaints, *self._complaints]
        events = self._record(tip, drafts, durable=durable)
        self._complaints.clear()
        for one, _ in result.bad:
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

    def _retire(self) -> None:
        waiting = frozenset(one.source for one in journal.waiting(self.layout))
        wal.retire(self.layout, self.history, waiting)
        self._retired_at = time.monotonic()
