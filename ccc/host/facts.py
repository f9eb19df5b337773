"""What a host tells the rest: facts into the journal, kept in memory while the disk is full."""

from __future__ import annotations

import time
from collections import deque

from ccc.domain.events import Draft
from ccc.layout import Layout
from ccc.runs import drain
from ccc.store import journal

MOST = 1000
"""Facts kept in memory while nothing can be written."""

STARTING_SECONDS = 2.0
"""Between two drains started by one host."""


class Facts:
    """Writes facts in order; one that cannot be written waits, and so do those after it."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._waiting: deque[Draft] = deque(maxlen=MOST)
        self._unheard = False
        self._started = -STARTING_SECONDS

    @property
    def stuck(self) -> bool:
        """Whether facts wait for the disk."""
        return bool(self._waiting)

    def tell(self, *drafts: Draft) -> None:
        """Acknowledges facts and wakes the drain."""
        self._waiting.extend(drafts)
        self.flush()

    def flush(self) -> None:
        """Tries again what could not be written, and to be heard."""
        while self._waiting:
            try:
                journal.write(self._layout, self._waiting[0])
            except OSError:
                break
            self._waiting.popleft()
            self._unheard = True
        if self._unheard:
            self._wake()

    def _wake(self) -> None:
        """Rings the drain's bell, or starts one; one that was just started is given time to begin listening.

        On a busy machine a start takes seconds: one for each fact would keep it busy.
        """
        if drain.ring(self._layout):
            self._unheard = False
        elif time.monotonic() - self._started >= STARTING_SECONDS:
            drain.start(self._layout)
            self._started = time.monotonic()
            self._unheard = False

    def last_word(self) -> None:
        """Starts a drain if nobody has heard: who told these facts is about to go."""
        if self._unheard:
            drain.start(self._layout)
            self._unheard = False
