"""When a session parked at a rate limit goes on: after the reset, not all in the same second."""

from __future__ import annotations

from datetime import UTC, datetime


def spread(session: str, window: float) -> float:
    """This session's share of a window of seconds; always the same, by its id (hex digits)."""
    return int(session[:8], 16) / 2**32 * window


def moment_of(text: str | None) -> float | None:
    """Seconds since 1970 of an RFC 3339 moment; None where there is none, or none that can be read."""
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def text_of(moment: datetime) -> str:
    """RFC 3339 UTC with milliseconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
