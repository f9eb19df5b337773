"""Stamps: hybrid logical clock plus lane, the id and order of every event.

A stamp reads `20261003T120401.002+000.q7f3k`: UTC time to the millisecond, a counter for events in the
same millisecond, and the lane, random per process, that keeps two writers apart. Stamps compare as text.
"""

from __future__ import annotations

import os
import re
import time

GENESIS = "20260101T000000.000+000.0"
LANE_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LANE_LENGTH = 6
COUNTER_LIMIT = 999
FUTURE_LIMIT_MS = 24 * 3600 * 1000
_EPOCH = 719_163
"""The ordinal (datetime.date.toordinal) of 1970-01-01."""

_SHAPE = re.compile(r"\d{8}T\d{6}\.\d{3}\+\d{3}\.[0-9a-z]+\Z")


def new_lane() -> str:
    """A random lane for one process: 30 bits."""
    return "".join(LANE_ALPHABET[byte % 32] for byte in os.urandom(LANE_LENGTH))


def now_ms() -> int:
    """Wall clock, milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


def is_stamp(text: str) -> bool:
    """Whether the text has the shape of a stamp and names a real moment."""
    if not _SHAPE.match(text) or text[9:11] > "23" or text[11:13] > "59" or text[13:15] > "59":
        return False
    try:
        milliseconds(text)
    except ValueError:
        return False
    return True


def milliseconds(stamp: str) -> int:
    """The stamp's time in milliseconds since 1970 UTC. Raises ValueError for another shape."""
    from datetime import date  # 1 ms, and `status` needs no date

    days = date(int(stamp[:4]), int(stamp[4:6]), int(stamp[6:8])).toordinal() - _EPOCH
    seconds = days * 86_400 + int(stamp[9:11]) * 3600 + int(stamp[11:13]) * 60 + int(stamp[13:15])
    return seconds * 1000 + int(stamp[16:19])


def make(at_ms: int, counter: int, lane: str) -> str:
    """The stamp of a moment."""
    moment = time.strftime("%Y%m%dT%H%M%S", time.gmtime(at_ms // 1000))
    return f"{moment}.{at_ms % 1000:03d}+{counter:03d}.{lane}"


def following(last: str, at_ms: int, lane: str) -> str:
    """The next stamp of a lane: later than `last`, not earlier than the wall clock `at_ms`."""
    last_ms, counter = milliseconds(last), int(last[20:23])
    if at_ms > last_ms:
        return make(at_ms, 0, lane)
    if counter < COUNTER_LIMIT:
        return make(last_ms, counter + 1, lane)
    return make(last_ms + 1, 0, lane)


def rfc3339(stamp: str) -> str:
    """The stamp's time as people and JSON read it: `2026-10-03T12:04:01.002Z`."""
    return f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:11]}:{stamp[11:13]}:{stamp[13:19]}Z"
