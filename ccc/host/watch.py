"""Clocks of a run: its silence, its rest."""

from __future__ import annotations

import time

from ccc.host.state import RunState
from ccc.platform import trees
from ccc.platform.trees import Tree
from ccc.runs.order import Order

WORKING = 0.02
"""Share of one processor: a silent tree that uses more is at work (a compiler says nothing for minutes)."""

SAMPLE_SECONDS = 5.0
NEVER = 1e12


class Watch:
    """All in seconds of the monotonic clock."""

    def __init__(self, order: Order, state: RunState) -> None:
        self._order, self._state = order, state
        self._quiet_since = time.monotonic()
        self._sample: tuple[float, float] | None = None
        self._rest_until = NEVER
        self.silenced = False

    def heard(self) -> None:
        """A sign of life."""
        self._quiet_since, self._sample = time.monotonic(), None

    def next(self) -> float:
        """The moment of the next decision."""
        moments = [self._rest_until]
        if self._order.silence and self._state.phase in ("starting", "running"):
            moments.append(self._silent_at())
        if self._order.rest and self._state.phase == "idle":
            moments.append(self._state.since + self._order.rest)
        moment = time.monotonic()
        return min(each for each in [*moments, NEVER] if each > moment - 1.0)

    def is_silent(self, tree: Tree) -> bool:
        """Whether nothing was heard for too long, and nothing of the tree works either."""
        if not self._order.silence or time.monotonic() < self._silent_at():
            return False
        used = sum(trees.cpu_seconds(pid) or 0.0 for pid in tree.members())
        moment, before = time.monotonic(), self._sample
        if before is None:
            self._sample = (moment, used)
            return False
        if used - before[1] > WORKING * (moment - before[0]):
            self.heard()
            return False
        return True

    def _silent_at(self) -> float:
        if self._sample is not None:
            return self._sample[0] + min(SAMPLE_SECONDS, self._order.silence)
        return self._quiet_since + self._order.silence

    def is_time_to_rest(self) -> bool:
        """Whether the agent was idle for long enough to let its process go."""
        return bool(self._order.rest) and time.monotonic() >= self._state.since + self._order.rest

    def rests(self) -> None:
        """Its input was closed: it should end by itself now."""
        self._rest_until = time.monotonic() + self._order.grace

    def rests_too_long(self) -> bool:
        """Whether it did not."""
        return time.monotonic() >= self._rest_until
