"""Whether another history may be merged into ours."""

from __future__ import annotations

from ccc.domain import stamps
from ccc.store.history import History, format_of
from ccc.store.protocol import FORMAT

HOUR_MS = 3_600_000


def mergeable(history: History, tip: str, now_ms: int) -> str | None:
    """Why a history is shown and not merged; None where it may be. Raises MissingObject, StateBroken."""
    record = history.record(tip)
    ahead = stamps.milliseconds(record.clock) - now_ms
    if ahead > stamps.FUTURE_LIMIT_MS:
        hours = ahead // HOUR_MS
        return f"its last event is stamped {stamps.rfc3339(record.clock)}, {hours} h ahead of this clock"
    written_as = format_of(history, tip)
    if written_as != FORMAT:
        return f"it is written in format {written_as}, this ccc knows format {FORMAT}"
    return None
