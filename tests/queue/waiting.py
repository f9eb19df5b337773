"""Waiting for what a worker does."""

from __future__ import annotations

import time
from collections.abc import Callable

SECONDS = 30.0


def until(holds: Callable[[], bool]) -> None:
    """Waits until something holds; fails after SECONDS."""
    end = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < end, "it did not come to that in time"
        time.sleep(0.02)
