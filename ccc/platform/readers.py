"""Whether anybody still reads what is written to a pipe, asked while waiting."""

from __future__ import annotations

import select
import time
from typing import TextIO


def rest(stream: TextIO, seconds: float) -> None:
    """Lets a time pass. Raises BrokenPipeError as soon as the reader of a pipe or socket has gone.

    Where the system does not tell (Windows; macOS of some pipes), it is noticed with the next write.
    """
    try:
        watched = select.poll()
        watched.register(stream.fileno(), 0)  # errors and hang-ups are told unasked
    except (AttributeError, OSError, ValueError):  # no poll, or captured by a test
        time.sleep(seconds)
        return
    if watched.poll(max(0.0, seconds) * 1000):
        raise BrokenPipeError
