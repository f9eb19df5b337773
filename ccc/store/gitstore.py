"""The store of a repository: journal, write-ahead log and `refs/ccc`, under one lock."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

from ccc.domain import stamps
from ccc.domain.events import Draft, Event
from ccc.domain.secrets import Filter
from ccc.errors import NotInitialised, Refused, StateBroken, StoreBusy
from ccc.git.command import Git
from ccc.git.objects import MissingObject, ObjectDatabase, References
from ccc.layout import Layout, make_folder
from ccc.store import bundled, journal, merges, tips, wal
from ccc.store.cache import Cache
from ccc.store.digest import complaint, digest
from ccc.store.history import HistoryWriter
from ccc.store.journal import Claim, Found
from ccc.store.lock import locked
from ccc.store.merging import mergeable
from ccc.store.present import Present
from ccc.store.protocol import REF, Announce, Decide, Logged, Observe, Restored, State, unheard
from ccc.store.publisher import SWAP_ATTEMPTS, Publisher
from ccc.store.restoring import Restorer, told
from ccc.store.scribe import Scribe
from ccc.store.states import state_at

if TYPE_CHECKING:
    from ccc.store.repairing import Repairer

_Answer = TypeVar("_Answer")
ENTRIES_AT_ONCE = 5000
REPEATED_SLACK_MS = 600_000
PRUNED_ATTEMPTS = 3
"""So often what a `git gc` takes away while it is needed is made again, within one call."""


class Repository(ObjectDatabase, References, Protocol):
    """Objects and references of one common directory."""


def _done(step: Callable[[], Iterator[str]]) -> list[str]:
    """What a step of mending did, or why it could not."""
    words: list[str] = []
    try:
        words.extend(step())
    except (StateBroken, Refused) as error:
        words.append(f"could not be mended: {error.message}")
    return words


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
        announce: Announce = unheard,
    ) -> None:
        self.layout = layout
        self.git = git
        self.history = HistoryWriter(objects, Cache(layout.cache))
        self._references: References = objects
        self._publisher = Publisher(layout, self.history, objects)
        self._restorer = Restorer(layout, git, self.history, objects, self._publisher, now)
        self._announce = announce
        self._observe = observe
        self._lane = lane or stamps.new_lane()
        self._now = now
        self._scribe = Scribe(self.history, identity, self._lane, now)
        self.filter = self._scribe.filter = filter or Filter()
        self._present = Present(layout, self.history, self.tip, observe, now)
        self._complaints: list[Draft] = []
        self._high_water_known = False
        self._looked_back = False
        self._retired_at = time.monotonic()

    # Reading

    def tip(self) -> str | None:
        """The commit on `refs/ccc`, None before there is any.

        Brings back one that somebody else moved; raises StateBroken where that cannot be done.
        """
        try:
            return self._tip()
        except StateBroken:
            self.restore()
            return self._tip()

    def _tip(self) -> str | None:
        return tips.present(self.layout, lambda: self._references.get(REF))

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
            tip = self._tip()
            return self._record(tip, decide(state_at(self.history, tip)), durable=durable)

        with locked(self.layout.lock, timeout):
            events = self._recovering(decided)
            if time.monotonic() - self._retired_at > wal.RETIRE_EVERY:
                self._retired_at = time.monotonic()
                if not wal.retired_lately(self.layout):
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
            tip = self._tip()
            welcome = [other for other in others if mergeable(self.history, other, self._now()) is None]
            if tip is not None or not welcome:
                return tip
            merged = self.history.merge(welcome)
            if not self._publisher.swap(None, merged):
                raise StoreBusy(f"{REF} was made by another program just now", "try again")
            return merged

    def _absorb(self, others: Sequence[str]) -> str:
        self._mended()
        self._require_format()
        self._finish_batches()
        for _ in range(SWAP_ATTEMPTS):
            tip = self._tip()
            if tip is None:
                raise NotInitialised("refs/ccc does not exist yet", "git ccc init")
            welcome = [other for other in others if mergeable(self.history, other, self._now()) is None]
            merged = self.history.merge([tip, *welcome])
            if merged == tip or self._publisher.swap(tip, merged):
                return merged
        raise StoreBusy("refs/ccc is moved by another program all the time", "try again")

    def restore(self, *, give_up: bool = False, timeout: float = 10.0) -> Restored | None:
        """Makes `refs/ccc` hold again every tip this replica gave it, and records that; None where it does.

        A deleted one is created, one moved back goes forward, one with events of its own is merged. `give_up`
        goes on without what nobody has any more; else StateBroken says what that is.
        """
        with locked(self.layout.lock, timeout):
            restored = self._recovering(lambda: self._mended(give_up=give_up, thorough=True))
            if restored is not None:
                self._recovering(lambda: self._drain(durable=True))
            return restored

    def restore_objects(self, *, timeout: float = 10.0) -> None:
        """Makes objects again that are missing, as far as log and bundles go."""
        with locked(self.layout.lock, timeout):
            self._made_again()

    def repair(self, *, timeout: float = 10.0) -> list[str]:
        """Mends what `fsck` finds, as far as it can be mended here; what was done, in words."""
        from ccc.store.repairing import Repairer  # 6 ms, for who mends

        with locked(self.layout.lock, timeout):
            self._know_high_water()
            repairer = Repairer(
                self.layout,
                self.git,
                self.history,
                self._references,
                self._publisher,
                self._scribe,
                self._now,
                self._complaints.append,
            )
            steps = (
                *(repairer.files, lambda: self._found_again(repairer), self._put_back),
                *(repairer.objects, repairer.history, repairer.tree, self._finished),
            )
            return [words for step in steps for words in _done(step)]

    def _found_again(self, repairer: Repairer) -> Iterator[str]:
        """What is missing is told before looking at every recorded tip brings it back without a word."""
        try:
            in_place = self._tip() is not None
        except StateBroken:
            return
        if in_place:
            yield from repairer.objects()

    def _put_back(self) -> Iterator[str]:
        restored = self._recovering(lambda: self._mended(give_up=True, thorough=True, announce=unheard))
        yield from () if restored is None else told(restored)

    def _finished(self) -> Iterator[str]:
        count = self._recovering(lambda: self._drain(durable=True))
        if count:
            yield f"recorded {count} events"

    def _mended(
        self, *, give_up: bool = False, thorough: bool = False, announce: Announce | None = None
    ) -> Restored | None:
        """Nothing is built on a history that lacks what this replica has recorded."""
        restored = self._restorer.restore(self._save, give_up=give_up, thorough=thorough)
        if restored is not None:
            self.history.forget()
            (announce or self._announce)(told(restored))
        return restored

    def _save(self, draft: Draft, name: str) -> None:
        with contextlib.suppress(FileExistsError):  # a process that was killed while it mended the same
            journal.write(self.layout, draft, name)

    def _recovering(self, work: Callable[[], _Answer]) -> _Answer:
        """Does the work; where an object was pruned, rebuilds what the log still holds and tries again.

        A git that goes on pruning may take that, too: what it takes was counted up when it began.
        """
        made_again = 0
        for _ in range(SWAP_ATTEMPTS):
            try:
                return work()
            except MissingObject:
                made_again += 1
                if made_again > PRUNED_ATTEMPTS or not self._made_again():
                    raise
            except tips.TipMoved:  # since it was looked at, a moment ago
                self._mended()
        return work()

    def _made_again(self) -> bool:
        """Makes objects again that are missing, from the log and from bundles; False where there are none."""
        self.history.forget()
        batches = self._publisher.rebuild()
        unpacked = bundled.unpack(self.layout, self.git)
        self.history.forget()
        sources = [f"{batches} batches of the log"] if batches else []
        sources += [f"{unpacked} bundles"] if unpacked else []
        if sources:
            self._announce([f"objects behind {REF} were missing; made again from {' and '.join(sources)}"])
        return bool(sources)

    def _require_format(self) -> None:
        """Nothing is taken out of the journal for a history that only a newer ccc can go on with."""
        tip = self._tip()
        if tip is not None:
            self._scribe.require_format(tip)

    def _record(self, tip: str | None, drafts: Sequence[Draft], *, durable: bool) -> tuple[Event, ...]:
        if not drafts:
            return ()
        self._know_high_water()
        parent = self.history.genesis() if tip is None else tip
        batch, events = self._scribe.batch(parent, drafts)
        self._publisher.publish(batch, tip, durable=durable)
        return events

    def _know_high_water(self, high: str | None = None) -> None:
        """Goes on from the greatest clock this machine reached, unless a clock set wrong had taken it into
        the future; `high` for who has looked for it already."""
        if self._high_water_known:
            return
        high = high or wal.high_water(self.layout)
        if stamps.milliseconds(high) - self._now() <= stamps.FUTURE_LIMIT_MS:
            self._scribe.last = max(self._scribe.last, high)
        self._high_water_known = True

    # What waits

    def _finish_batches(self) -> int:
        """Finishes batches whose process died between writing them and saying so; how many events."""
        for path, reason in wal.damaged(self.layout):
            make_folder(self.layout.journal_bad)
            self._complaints.append(complaint(path.name, reason))
            path.replace(self.layout.journal_bad / path.name)
        count = 0
        if not self._looked_back:
            high = wal.high_water(self.layout)
            self._know_high_water(high)
            count = self._publisher.recover(high, stamps.make(self._now() + stamps.FUTURE_LIMIT_MS, 0, "0"))
            self._looked_back = True
        return count + sum(
            self._publisher.settle(kept) for kept in wal.undone(self.layout) if not kept.in_hand
        )

    def _drain(self, *, durable: bool) -> int:
        """Records the journal, and what can be observed; how many events."""
        self._mended()
        self._require_format()
        count = self._finish_batches()
        claim = Claim(self.layout, self._lane)
        try:
            found = [one for one in claim.take() if not journal.is_newer(one)]
            for start in range(0, max(len(found), 1), ENTRIES_AT_ONCE):
                count += self._drain_some(claim, found[start : start + ENTRIES_AT_ONCE], durable=durable)
            return count
        finally:
            claim.release()

    def _drain_some(self, claim: Claim, found: list[Found], *, durable: bool) -> int:
        tip = self._tip()
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
        batches = (*wal.undone(self.layout), *wal.done(self.layout))
        known = {event.source for kept in batches for event in kept.batch.events}
        if {one.source for one in repeated} <= known:
            return known
        oldest = stamps.make(max(repeated[0].entry.at_ms - REPEATED_SLACK_MS, 0), 0, "0")
        for record in self.history.walk([tip], down_to=oldest):
            known.update(event.source for event in record.events)
        return known

    def _retire(self) -> None:
        waiting = frozenset(one.source for one in journal.waiting(self.layout))
        wal.retire(self.layout, self.history, waiting)
        merges.retire(self.layout, self.history)
