"""What a host tells the rest: facts into the journal, kept in memory while the disk is full."""

from __future__ import annotations

from collections import deque

from ccc.domain.events import Draft
from ccc.layout import Layout
from ccc.runs.waking import Waking
from ccc.store import journal

MOST = 1000
"""Facts kept in memory while nothing can be written."""


class Facts:
    """Writes facts in order; one that cannot be written waits, and so do those after it."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._waiting: deque[Draft] = deque(maxlen=MOST)
        self._waking = Waking(layout)

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
            self._waking.unheard = True
        self._waking.wake()

    def last_word(self) -> None:
        """Starts a drain if nobody has heard: who told these facts is about to go."""
        self._waking.last_word()
