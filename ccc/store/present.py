"""The state now: the tip, and laid over it what is acknowledged and not yet on the ref."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from ccc.domain import stamps
from ccc.domain.events import Event
from ccc.layout import Layout
from ccc.records import dataclass
from ccc.store import journal, wal
from ccc.store.digest import digest, provisional
from ccc.store.history import History
from ccc.store.journal import Found
from ccc.store.protocol import Logged, Observe, State
from ccc.store.states import Overlaid, state_at

SLACK_MS = 5000
"""How far a file's time may lie after the stamp its event got: clocks of file systems are coarse."""


@dataclass(frozen=True)
class Pending:
    """A tip, and the events that are acknowledged and not behind it, oldest first."""

    tip: str | None
    events: tuple[Event, ...]
    blobs: tuple[bytes, ...]


class Present:
    """Reads without any lock, in an order that shows every acknowledged event exactly once.

    An event goes journal, write-ahead log, ref, and leaves the first two only afterwards; so they are read in
    that order, and what was met twice is recognised by its source or id.
    """

    def __init__(
        self,
        layout: Layout,
        history: History,
        tip: Callable[[], str | None],
        observe: Observe,
        now: Callable[[], int] = stamps.now_ms,
    ) -> None:
        self._layout = layout
        self._history = history
        self._tip = tip
        self._observe = observe
        self._now = now

    def state(self) -> State:
        """Everything acknowledged up to this call."""
        pending = self._pending()
        base = state_at(self._history, pending.tip)
        return Overlaid(base, pending.events, pending.blobs) if pending.events else base

    def log(self) -> Iterator[Logged]:
        """Every event once, youngest first, pending ones foremost."""
        pending = self._pending()
        yield from (Logged(event, None) for event in reversed(pending.events))
        if pending.tip is not None:
            yield from self._history.events([pending.tip])

    def _pending(self) -> Pending:
        before = self._tip()
        waiting = journal.waiting(self._layout)
        batches = [kept.batch for kept in wal.undone(self._layout)]
        tip = self._tip()
        stamped = [event for batch in batches for event in batch.events]
        recorded = self._recorded(before, tip, waiting) | {event.source for event in stamped}
        have = self._history.having(tip, {event.id for event in stamped}) if tip else set()
        events = [event for event in stamped if event.id not in have]
        blobs = [blob for batch in batches for blob in batch.blobs]
        state = Overlaid(state_at(self._history, tip), events, blobs)
        fresh = [one for one in waiting if one.source not in recorded]
        found = digest(fresh, state, self._observe, self._history.objects, self._now())
        events += provisional(state.clock, found.drafts, self._now())
        blobs += [blob for draft in found.drafts for blob in draft.blobs]
        return Pending(tip, tuple(events), tuple(blobs))

    def _recorded(self, before: str | None, tip: str | None, waiting: list[Found]) -> set[str | None]:
        """Sources recorded since this call began, or since the oldest file was written."""
        if not waiting or tip is None:
            return set()
        oldest = stamps.make(max(waiting[0].entry.at_ms - SLACK_MS, 0), 0, "0")
        down_to = min(oldest, self._history.record(before).clock) if before else ""
        if any(one.repeated for one in waiting):
            # A drain may have died after recording them, with a clock that was set back.
            down_to = min([down_to, *(kept.batch.first for kept in islice(wal.done(self._layout), 1))])
        records = self._history.walk([tip], down_to=down_to)
        return {event.source for record in records for event in record.events}
