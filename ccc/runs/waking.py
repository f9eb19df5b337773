"""Waking the drain again and again, from a process that stays: one that begins is given time to come up."""

from __future__ import annotations

import time

from ccc.layout import Layout
from ccc.runs import drain

STARTING_SECONDS = 2.0
"""Between two drains started by one process; on a busy machine a start takes seconds."""


class Waking:
    """Rings the drain's bell, or starts one; what nobody has heard yet is rung for again."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._started = -STARTING_SECONDS
        self.unheard = False
        """Whether something waits to be heard of."""

    def wake(self) -> None:
        """Rings, or starts a drain, if something is unheard and none was just started."""
        if not self.unheard:
            return
        if drain.ring(self._layout):
            self.unheard = False
        elif time.monotonic() - self._started >= STARTING_SECONDS:
            self._started = time.monotonic()
            self.last_word()

    def last_word(self) -> None:
        """Starts a drain if nobody has heard: who calls is about to go."""
        if self.unheard:
            drain.start(self._layout)
            self.unheard = False
