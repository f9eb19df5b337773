"""Ctrl-C, heard once: a terminal interrupts git and ccc, and git, as it ends, interrupts ccc once more."""

from __future__ import annotations

import signal
import time
from types import FrameType

SAME_SECONDS = 0.5
"""What comes sooner after an interrupt is the same one."""


class _Once:
    """Raises KeyboardInterrupt as Python does, but not into the end that the first one has begun."""

    def __init__(self) -> None:
        self._heard: float | None = None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._heard is not None and now - self._heard < SAME_SECONDS:
            return
        self._heard = now
        raise KeyboardInterrupt


def hear_once() -> None:
    """Sees to it, unless interrupts are ignored or somebody else's; in the main thread alone."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _Once())


def hear_no_more() -> None:
    """For the last steps of the process, in which Python would take its own handler off again."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
