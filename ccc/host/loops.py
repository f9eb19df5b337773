"""An agent that goes round in circles: the same calls with the same results, the same words."""

from __future__ import annotations

from collections import deque

from ccc.engines.protocol import Did

LONGEST = 6
"""Doings in a cycle: three calls, each with words before it."""

LANES = 64
"""Sub-agents followed at once; of more the oldest are forgotten."""


class Loops:
    """Follows what is done, by lane. A poll whose answer changes is no circle: its mark is another one."""

    def __init__(self, repeats: int) -> None:
        self._repeats = repeats
        self._lanes: dict[str, _Lane] = {}
        self._count = 0
        self._warned: int | None = None
        self.found: str | None = None

    def did(self, did: Did) -> None:
        """One more; sets `found` where it closes a circle that was gone round often enough."""
        if not self._repeats:
            return
        self._count += 1
        lane = self._lanes.setdefault(did.lane, _Lane())
        while len(self._lanes) > LANES:
            self._lanes.pop(next(iter(self._lanes)))
        if lane.closes(did.mark, self._repeats):
            lane.forget()
            self.found = did.what

    def spoken_to(self) -> None:
        """Somebody said something: what the agent does now may well be what it did before."""
        self._lanes.clear()

    def goes_on(self) -> bool:
        """Takes the circle that was found: whether it goes on after the agent was told of it not long ago."""
        self.found = None
        again = self._warned is not None and self._count - self._warned <= 2 * LONGEST * self._repeats
        self._warned = None if again else self._count
        return again


class _Lane:
    def __init__(self) -> None:
        self._last: deque[str] = deque(maxlen=LONGEST)
        self._same = [0] * (LONGEST + 1)

    def closes(self, mark: str, repeats: int) -> bool:
        """Whether the last doings are a cycle of some length, `repeats` times over."""
        found = False
        for length in range(1, LONGEST + 1):
            repeated = len(self._last) >= length and self._last[-length] == mark
            self._same[length] = self._same[length] + 1 if repeated else 0
            found |= self._same[length] >= length * (repeats - 1) > 0
        self._last.append(mark)
        return found

    def forget(self) -> None:
        self._last.clear()
        self._same = [0] * (LONGEST + 1)
