"""Moments as people write them: RFC 3339, a date, or `2h ago`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_AGO = re.compile(r"(\d+)\s*(s|sec|second|m|min|minute|h|hour|d|day|w|week)s?(?:\s+ago)?\Z", re.IGNORECASE)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def parse(text: str, now_ms: int) -> int | None:
    """Milliseconds since 1970 UTC; None for what is no moment. A time without zone is UTC."""
    words = text.strip()
    ago = _AGO.match(words)
    if ago:
        return now_ms - int(timedelta(seconds=int(ago[1]) * _UNITS[ago[2][0].lower()]).total_seconds() * 1000)
    if words.lower() == "now":
        return now_ms
    try:
        moment = datetime.fromisoformat(words)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)
