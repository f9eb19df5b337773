"""What goes wrong with an answer of the stub: drawn by the seed, as often as the soak promises."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from typing import Any

LIMITED, PARKED, HANG, CUT, REFUSED, OVERLOADED = "limited", "parked", "hang", "cut", "refused", "overloaded"
GOALS = {LIMITED: 62, PARKED: 6, HANG: 26, CUT: 20, REFUSED: 14, OVERLOADED: 12}
"""How many of each a whole storm has, at least."""

HANG_SECONDS = 300.0
PARKED_SECONDS = 6
CHANCE = 0.03
BEHIND = 0.22
"""The chance of one kind of trouble for a request: in general, and while there were too few."""

WHOLE = 300.0
"""Seconds of the storm that the goals are for; a longer one has more of each, a shorter one fewer."""


def goals(seconds: float) -> dict[str, int]:
    """How many of each there must be in a storm of so many seconds."""
    return {kind: round(goal * seconds / WHOLE) for kind, goal in GOALS.items()}


def draw(seed: str, goal: Mapping[str, int], done: Mapping[str, int], progress: float) -> str | None:
    """What goes wrong with a request; `seed` names the request, `done` what went wrong so far."""
    if not 0.0 < progress < 1.0:
        return None
    dice = random.Random(seed)
    kinds = list(goal)
    dice.shuffle(kinds)
    for kind in kinds:
        behind = done.get(kind, 0) < goal[kind] * min(1.0, progress * 1.15)
        if dice.random() < (BEHIND if behind else CHANCE / len(kinds)):
            return kind
    return None


def shape(kind: str) -> Mapping[str, Any]:
    """A kind of trouble as a step of the stub has it."""
    soon = {"retry-after": "1"}
    later = {"retry-after": str(PARKED_SECONDS), "x-should-retry": "false"}
    shapes: dict[str, Mapping[str, Any]] = {
        LIMITED: {"status": 429, "headers": soon, "message": "slow down"},
        PARKED: {"status": 429, "headers": later, "message": "your limit is used up"},
        HANG: {"midhang": HANG_SECONDS},
        CUT: {"drop": "mid"},
        REFUSED: {"drop": "before"},
        OVERLOADED: {"status": 529, "headers": soon},
    }
    return shapes[kind]


def counted(kinds: Counter[str]) -> str:
    """The troubles in words, for the record."""
    return ", ".join(f"{kinds[kind]} {kind}" for kind in GOALS)
