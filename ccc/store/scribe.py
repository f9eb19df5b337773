"""Makes finished batches of drafts: stamps, messages, blobs; writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ccc.domain import stamps
from ccc.domain.events import Draft, Event, check, stamped
from ccc.domain.secrets import Filter
from ccc.errors import Refused, StateBroken
from ccc.store.admission import blobs_of
from ccc.store.cleaning import cleaned
from ccc.store.crashpoints import reached
from ccc.store.history import NOBODY, HistoryWriter, format_of, messages
from ccc.store.protocol import FORMAT
from ccc.store.wal import UPGRADE, Batch

HOUR_MS = 3_600_000


class Scribe:
    """Stamps the events of one process (`lane`); `identity` gives `Name <mail>`, or nothing.

    Nothing is recorded that has not passed `filter`.
    """

    def __init__(
        self, history: HistoryWriter, identity: Callable[[], str], lane: str, now: Callable[[], int]
    ) -> None:
        self._history = history
        self._identity = identity
        self._lane = lane
        self._now = now
        self.last = stamps.GENESIS
        self.filter = Filter()

    def batch(self, parent: str, drafts: Sequence[Draft]) -> tuple[Batch, tuple[Event, ...]]:
        """The drafts as a batch on `parent`, and as events.

        Raises ValueError for values that may not be recorded, StateBroken where the parent's clock is more
        than 24 h ahead of ours.
        """
        clock = self._history.record(parent).clock
        self.require_format(parent)
        self._refuse_future(clock)
        for draft in drafts:
            check(draft)
        blobs = tuple(blobs_of(drafts, self._history.objects))
        last, at_ms = max(clock, self.last), self._now()
        events = []
        for draft in drafts:
            last = stamps.following(last, at_ms, self._lane)
            events.append(stamped(draft, last))
        texts = tuple(messages(events, clock))
        if self._suspicious(texts, blobs):
            clean = cleaned(drafts, self.filter, self._history.objects)
            blobs = tuple(blobs_of(clean, self._history.objects))
            events = [stamped(draft, event.id) for draft, event in zip(clean, events, strict=True)]
            texts = tuple(messages(events, clock))
        self.last = last
        reached("stamped")
        return Batch(parent, clean_identity(self._identity()), texts, blobs), tuple(events)

    def _suspicious(self, texts: Sequence[str], blobs: Sequence[bytes]) -> bool:
        """Whether a secret may be in there: 5 µs an event, for looking closely costs ten times that."""
        suspects = self.filter.suspects
        return any(map(suspects, texts)) or any(suspects(blob.decode("latin-1")) for blob in blobs)

    def require_format(self, parent: str) -> None:
        """Raises Refused for a history that a newer ccc writes: it is read here, and not written."""
        written_as = format_of(self._history, parent)
        if written_as != FORMAT:
            raise Refused(
                f"refs/ccc is written in format {written_as}, this ccc writes format {FORMAT}",
                UPGRADE,
            )

    def _refuse_future(self, clock: str) -> None:
        ahead = stamps.milliseconds(clock) - self._now()
        if ahead > stamps.FUTURE_LIMIT_MS:
            when, hours = stamps.rfc3339(clock), ahead // HOUR_MS
            raise StateBroken(
                f"the last event on refs/ccc is stamped {when}, {hours} h ahead of this clock",
                "set this machine's clock, or see git ccc fsck",
            )


def clean_identity(identity: str) -> str:
    """`Name <mail>` that git accepts in a commit; nobody's where it is none."""
    name, _, rest = " ".join(identity.split()).partition(" <")
    mail = rest.removesuffix(">")
    name = "".join(c for c in name if c.isprintable() and c not in "<>").strip(" .,:;\"'")
    mail = "".join(c for c in mail if c.isprintable() and c not in "<> ")
    return f"{name} <{mail}>" if name and mail else NOBODY
