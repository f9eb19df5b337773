"""What a store of coordination state is: readers, the deciding store, and what passes between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

from ccc.domain.cells import Cells
from ccc.domain.events import Draft, Event
from ccc.records import dataclass

if TYPE_CHECKING:
    from ccc.domain.redactions import Redaction
    from ccc.store.parsing import Codec

_Thing = TypeVar("_Thing")
REF = "refs/ccc"
META = "meta/repo"
FORMAT = 1


class State(Protocol):
    """All streams at one moment; immutable."""

    @property
    def tip(self) -> str | None:
        """The commit on `refs/ccc` this state was read from; None before `init`."""

    @property
    def clock(self) -> str:
        """The greatest stamp behind this state."""

    def stream(self, name: str) -> Cells:
        """The cells of `sessions/<id>` or the like; empty where there is no such stream.

        Raises MissingObject where there is one that cannot be read.
        """

    def streams(self, kind: str) -> Mapping[str, Cells]:
        """All streams of one kind (`sessions`), by full name."""

    def things(self, codec: Codec[_Thing]) -> Mapping[str, _Thing]:
        """All streams of the codec's kind, parsed, by full name and in the codec's order.

        Each is parsed once while it stays the same.
        """

    def blob(self, oid: str) -> bytes:
        """The bytes of a blob that a cell names. Raises MissingObject."""


@dataclass(frozen=True)
class Logged:
    """An event in the diary; `commit` is None while it is acknowledged and not yet on the ref.

    `redaction`: who took its words away, where they are not in `event` any more.
    """

    event: Event
    commit: str | None
    redaction: Redaction | None = None


@dataclass(frozen=True)
class JournalEntry:
    """A complete file of the journal: `line` without its newline, `source` unique for ever.

    `at_ms` is the file's time, milliseconds since 1970 UTC.
    """

    name: str
    source: str
    line: str
    at_ms: int


@dataclass(frozen=True)
class Restored:
    """A move of `refs/ccc`: `old` None: it was gone, or could not be read; `missing`: a recorded tip that
    is no more; `what`: as in `ccc.domain.tampering`; `events` brought back; `strange` events that ccc here
    did not make and that stay; `kept`: the reference under which commits not made by ccc are kept.
    """

    old: str | None
    new: str
    missing: str | None
    what: str = ""
    events: int = 0
    strange: int = 0
    kept: str | None = None


Announce = Callable[[Sequence[str]], None]
"""Is told, line by line, what was mended in passing."""


def unheard(words: Sequence[str]) -> None:
    """Announces to nobody: what was mended is an event, too."""
    del words


Decide = Callable[[State], Sequence[Draft]]
"""A pure decision: state in, facts out; may be called more than once."""

Observe = Callable[[State, Sequence[JournalEntry]], Sequence[Draft]]
"""Turns what hooks noted, and what refs say now, into facts; called before every decision.

Gets the journal entries that are not events themselves (hook notes). Each draft that records an entry
carries its `source`; entries without draft are dropped as already known.
"""


class Reader(Protocol):
    """Reads state; never writes, never waits for another process."""

    def tip(self) -> str | None:
        """The commit on `refs/ccc`, None where it does not exist. Raises StateBroken."""

    def state(self, at: str | None = None) -> State:
        """The state at a commit id, or now with acknowledged, not yet drained events included."""

    def log(self) -> Iterator[Logged]:
        """Every event once, youngest first, acknowledged ones that are not yet on the ref foremost."""


class Store(Reader, Protocol):
    """Records facts."""

    def transact(self, decide: Decide, *, durable: bool = True, timeout: float = 10.0) -> tuple[Event, ...]:
        """Takes the lock, drains what waits, decides on the state, records the answer.

        Returns the events of `decide` (not those drained). `durable`: survives a power cut.
        Raises StoreBusy after `timeout` seconds, whatever `decide` raises (then nothing of it is recorded).
        """

    def drain(self, *, timeout: float = 10.0) -> int:
        """Records everything that waits in the journal; how many events."""

    def journal(self, draft: Draft) -> str:
        """Acknowledges a fact without waiting; the entry's name. Survives kill -9 from then on."""

    def absorb(self, tips: Sequence[str]) -> str:
        """Merges other histories into this one; the new tip, a function of the set of events alone."""

    def begin(self, others: Sequence[str]) -> str | None:
        """Begins `refs/ccc` with others' histories where there is none; the tip, None if none is welcome."""

    def restore(self, *, give_up: bool = False) -> Restored | None:
        """Makes `refs/ccc` hold again every tip that was recorded here; None where it does. Loses nothing.

        `give_up`: goes on without a recorded tip of which no copy is left; else StateBroken names it.
        """
