"""A progress line for long work, on a terminal only."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import field
from typing import TextIO

from ccc.records import dataclass
from ccc.text import cut, printable

DELAY = 0.5
"""Seconds before the line appears: quick work shows nothing."""

INTERVAL = 0.1
ERASE = "\r\x1b[K"


@dataclass
class Progress:
    """Rewrites one line in place; a no-op when `stream` is None."""

    title: str
    total: int | None
    stream: TextIO | None
    width: int = 80
    clock: Callable[[], float] = time.monotonic
    _next: float = field(init=False)
    _shown: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._next = self.clock() + DELAY

    def step(self, done: int, what: str = "") -> None:
        """Says how many of `total` are done, and what is being worked on."""
        now = self.clock()
        if self.stream is None or now < self._next:
            return
        self._next = now + INTERVAL
        self._shown = True
        self.stream.write(ERASE + cut(self._line(done, what), self.width - 1))
        self.stream.flush()

    def _line(self, done: int, what: str) -> str:
        count = f"{done}" if not self.total else f"{100 * done // self.total} % ({done}/{self.total})"
        return f"{self.title}: {count} {printable(what)}".rstrip()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown and self.stream is not None:
            self.stream.write(ERASE)
            self.stream.flush()
