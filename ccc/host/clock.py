"""How long the turns of a run take: the time that counts for its limit, by day."""

from __future__ import annotations

import time

from ccc.domain.canonical import Value
from ccc.domain.life import RUNNING, STARTING
from ccc.domain.sessions import WORKED

WORKING = (STARTING, RUNNING)
"""Phases that count: who waits, is idle, limited or paused uses nothing up."""


class Clock:
    """Seconds of the monotonic clock; a run begins by working."""

    def __init__(self) -> None:
        self._whole, self._since = 0.0, time.monotonic()
        self._works = True
        self._told = 0.0
        self._days: dict[str, float] = {}

    def turn_to(self, phase: str) -> None:
        """Another phase begins."""
        self._whole, self._since = self.seconds, time.monotonic()
        self._works = phase in WORKING

    @property
    def seconds(self) -> float:
        """All of it so far."""
        return self._whole + (time.monotonic() - self._since if self._works else 0.0)

    def cells(self, run: int, today: str) -> dict[str, Value]:
        """What would record it now: what this run worked on this UTC day, what was not told yet among it."""
        return {f"{WORKED}{run}.{today}": int(self._today(today, self.seconds))}

    def tell(self, run: int, today: str) -> dict[str, Value]:
        """The same, told."""
        seconds = self.seconds
        self._days[today], self._told = self._today(today, seconds), seconds
        return {f"{WORKED}{run}.{today}": int(self._days[today])}

    def _today(self, today: str, seconds: float) -> float:
        return self._days.get(today, 0.0) + seconds - self._told
