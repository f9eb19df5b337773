"""A store in memory: the same trees, commits and merges as on `refs/ccc`, for tests and dry runs."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence

from ccc.domain import stamps
from ccc.domain.decisive import require_undecided
from ccc.domain.events import Draft, Event, draft_line, from_source, parse_draft
from ccc.errors import NotInitialised, StateBroken, StoreBusy
from ccc.git.objects import ObjectDatabase, References
from ccc.store.digest import overlaid, provisional
from ccc.store.history import NOBODY, HistoryWriter
from ccc.store.memory_objects import MemoryObjects, MemoryReferences
from ccc.store.merging import mergeable
from ccc.store.protocol import REF, Decide, JournalEntry, Logged, Observe, Restored, State
from ccc.store.scribe import Scribe
from ccc.store.states import state_at


def _nothing(state: State, entries: Sequence[JournalEntry]) -> Sequence[Draft]:
    del state, entries
    return ()


class MemoryStore:
    """Records facts in an object database that several stores may share (protocol Store)."""

    def __init__(
        self,
        *,
        objects: ObjectDatabase | None = None,
        references: References | None = None,
        reference: str = REF,
        identity: Callable[[], str] = lambda: NOBODY,
        observe: Observe = _nothing,
        lane: str | None = None,
        now: Callable[[], int] = stamps.now_ms,
    ) -> None:
        self.objects = MemoryObjects() if objects is None else objects
        self.references = MemoryReferences() if references is None else references
        self.reference = reference
        self.history = HistoryWriter(self.objects)
        self._observe = observe
        self._now = now
        self._scribe = Scribe(self.history, identity, lane or stamps.new_lane(), now)
        self._waiting: list[Draft] = []
        self._lock = threading.Lock()

    def tip(self) -> str | None:
        """The commit on the reference, None where it does not exist."""
        return self.references.get(self.reference)

    def state(self, at: str | None = None) -> State:
        """The state at a commit id, or now with what waits in the journal."""
        if at is not None:
            return state_at(self.history, at)
        state = state_at(self.history, self.tip())
        return overlaid(state, self._pending(state), self._now())

    def _pending(self, state: State) -> list[Draft]:
        waiting = list(self._waiting)
        return waiting + list(self._observe(overlaid(state, waiting, self._now()), ()))

    def log(self) -> Iterator[Logged]:
        """Every event once, youngest first, pending ones foremost."""
        tip = self.tip()
        state = state_at(self.history, tip)
        pending = provisional(state.clock, self._pending(state), self._now())
        yield from (Logged(event, None) for event in reversed(pending))
        if tip is not None:
            yield from self.history.events([tip])

    def transact(self, decide: Decide, *, durable: bool = True, timeout: float = 10.0) -> tuple[Event, ...]:
        """Drains what waits, decides, records the answer. Raises StoreBusy, what `decide` raises."""
        del durable
        with _held(self._lock, timeout):
            self._drain()
            return self._record(decide(state_at(self.history, self.tip())))

    def drain(self, *, timeout: float = 10.0) -> int:
        """Records everything that waits; how many events."""
        with _held(self._lock, timeout):
            return self._drain()

    def journal(self, draft: Draft) -> str:
        """Acknowledges a fact; the entry's name. Raises ValueError for one that may not be recorded."""
        require_undecided(draft)
        name = uuid.uuid4().hex
        self._waiting.append(from_source(parse_draft(draft_line(draft)), f"{name}.{self._now() * 1_000_000}"))
        return name

    def absorb(self, others: Sequence[str], *, timeout: float = 10.0) -> str:
        """Merges other histories into this one; the new tip. Raises NotInitialised before there is any."""
        with _held(self._lock, timeout):
            tip = self.tip()
            if tip is None:
                raise NotInitialised(f"{self.reference} does not exist yet", "git ccc init")
            welcome = [other for other in others if mergeable(self.history, other, self._now()) is None]
            merged = self.history.merge([tip, *welcome])
            self._move(tip, merged)
            return merged

    def begin(self, others: Sequence[str], *, timeout: float = 10.0) -> str | None:
        """Begins with others' histories where there is none; the tip, None where none may be merged."""
        with _held(self._lock, timeout):
            tip = self.tip()
            welcome = [other for other in others if mergeable(self.history, other, self._now()) is None]
            if tip is not None or not welcome:
                return tip
            merged = self.history.merge(welcome)
            if not self.references.swap(self.reference, None, merged):
                raise StateBroken(f"{self.reference} was moved behind the store's back")
            return merged

    def restore(self, *, give_up: bool = False) -> Restored | None:
        """Nobody else can move a reference in memory: None."""
        del give_up
        return None

    def _drain(self) -> int:
        drafts = self._pending(state_at(self.history, self.tip()))
        recorded = self._record(drafts)
        self._waiting = self._waiting[len([draft for draft in self._waiting if draft in drafts]) :]
        return len(recorded)

    def _record(self, drafts: Sequence[Draft]) -> tuple[Event, ...]:
        if not drafts:
            return ()
        tip = self.tip()
        batch, events = self._scribe.batch(self.history.genesis() if tip is None else tip, drafts)
        self._move(tip, batch.build(self.history))
        return events

    def _move(self, old: str | None, new: str) -> None:
        if not self.references.swap(self.reference, old, new):
            raise StateBroken(f"{self.reference} was moved behind the store's back")


class _held:  # noqa: N801 - used like a function
    """Holds a lock, waiting at most `timeout` seconds. Raises StoreBusy."""

    def __init__(self, lock: threading.Lock, timeout: float) -> None:
        self._lock = lock
        self._timeout = timeout

    def __enter__(self) -> None:
        if not self._lock.acquire(timeout=self._timeout):
            raise StoreBusy(f"the state is locked for more than {self._timeout:g} s", "try again")

    def __exit__(self, *_: object) -> None:
        self._lock.release()
