"""What a benchmark is given and gives back, and how things are measured in turns."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

_Size = TypeVar("_Size")

TOLERANCE = 1.5
"""Above this times its budget a figure fails `make bench`: the machine is shared."""

Work = Callable[[int], float]
"""Does a thing once, for the round with this number; how many seconds it took."""


@dataclass(frozen=True)
class Scale:
    """How much is measured: `quick` shows that the benchmarks run, `full` takes an hour.

    `rounds`: how often each thing is measured, in turn with its yardsticks; the median counts.
    """

    name: str = "usual"
    rounds: int = 30

    def of(self, quick: _Size, usual: _Size, full: _Size | None = None) -> _Size:
        """The size to measure at."""
        if self.name == "quick":
            return quick
        return full if self.name == "full" and full is not None else usual


QUICK = Scale("quick", 2)


@dataclass(frozen=True)
class Result:
    """A measured value and its budget, both in `unit`; smaller is better.

    Without budget: a yardstick of the same run, to be read beside the one above it. `exact`: holds at any
    size and is not tolerated above its budget, as "events lost: 0".
    """

    name: str
    value: float
    budget: float | None
    unit: str
    exact: bool = False

    @property
    def within(self) -> bool:
        """Whether it keeps its budget."""
        return self.budget is None or self.value <= self.budget

    def fails(self, scale: Scale) -> bool:
        """Whether it ends `make bench` with 1; times of a quick run say nothing."""
        if self.budget is None or (scale.name == "quick" and not self.exact):
            return False
        return self.value > self.budget * (1 if self.exact else TOLERANCE)


def seconds(work: Callable[[], object]) -> float:
    """How long it takes, once."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


class Times(list[float]):
    """The seconds of each call.

    `processor`: of the same calls, with all they did, the seconds of processor time, own and of processes
    waited for; others on the machine change it less than they change how long a call takes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.processor: list[float] = []


def in_turns(rounds: int, works: Mapping[str, Work]) -> dict[str, Times]:
    """Does all of them in every round; who begins changes, so that none always comes after the same one."""
    names = list(works)
    times = {name: Times() for name in names}
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            before = _processor()
            times[name].append(works[name](number))
            times[name].processor.append(_processor() - before)
    return times


def _processor() -> float:
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def median_ms(times: Sequence[float]) -> float:
    """The median of seconds, in milliseconds."""
    return statistics.median(times) * 1000


def percentile_ms(times: Sequence[float], percent: float) -> float:
    """The time that so many percent do not exceed, in milliseconds."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] * 1000
