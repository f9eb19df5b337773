"""A hundred agents at once (S4 S2): what their hosts take, and how long a person waits beside pending work.

What a person does is measured while all agents rest, and while they commit, checks run and the queue starts.
The processors are busy then for everybody, so each is held against what has nothing to do with ccc.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Mapping

from bench.crowd import BY_HAND, Crowd, crowd
from bench.harness import Result, Scale, Times, in_turns, median_ms
from bench.host import CPU_BUDGET_PERCENT, RSS_BUDGET_MB
from bench.status import COLD_MS
from ccc.platform import trees

RATIO = 1.5
"""How many times as long as beside resting agents a command may take, what slows everything down aside."""

TURN_MS = 300.0
"""What a command that records may wait for its turn beyond that: the lock, and what waits before it."""

READING = {
    "status": ("status", "--short"),
    "log -n 20": ("log", "-n", "20"),
    "show": ("show", BY_HAND),
    "inbox": ("inbox",),
}
WRITING = {"note": ("note", "a person was here"), "send": ("send", "orchestrator", "to whom it concerns")}
COMMITTING = ("commit, own checkout", "commit, session's worktree")


def measure(scale: Scale) -> list[Result]:
    """Megabytes, percent of one processor, milliseconds (medians), and ratios of medians."""
    with crowd(scale.of(4, 100)) as place:
        results = list(_hosts(scale, place))
        works = place.works({**READING, **WRITING})
        results += _still(place, in_turns(scale.rounds, {name: works[name] for name in ("status", "python")}))
        resting = in_turns(scale.rounds, works)
        place.set_to_work(scale.of(1, 10))
        working = in_turns(scale.rounds, works)
    return [*results, *compared(resting, working)]


def _hosts(scale: Scale, place: Crowd) -> Iterator[Result]:
    """Medians and the greatest memory; processor time of all hosts together, a share for each."""
    idle = scale.of(1.0, 30.0)
    hosts = place.hosts()
    time.sleep(scale.of(0.0, 5.0))  # the last drain has ended
    before = [trees.cpu_seconds(pid) or 0.0 for pid in hosts]
    time.sleep(idle)
    used = sum((trees.cpu_seconds(pid) or 0.0) - first for pid, first in zip(hosts, before, strict=True))
    memory = [(trees.memory(pid) or 0) / 1e6 for pid in hosts]
    count = len(hosts)
    yield Result(f"{count} hosts, resident memory of each", statistics.median(memory), RSS_BUDGET_MB, "MB")
    yield Result("  of the greatest", max(memory), RSS_BUDGET_MB, "MB")
    yield Result(f"{count} hosts, idle, each", used / count / idle * 100, CPU_BUDGET_PERCENT, "% CPU")


def _still(place: Crowd, times: Mapping[str, Times]) -> list[Result]:
    """While nobody does anything: no event, no drain that records it."""
    return [
        Result(f"status, {place.count} agents at rest", median_ms(times["status"]), COLD_MS, "ms"),
        Result("  beside: python -c pass", median_ms(times["python"]), None, "ms"),
    ]


def compared(resting: Mapping[str, Times], working: Mapping[str, Times]) -> Iterator[Result]:
    """What a person waits beside agents that work, against agents that rest."""
    slower = {name: median_ms(working[name]) / median_ms(resting[name]) for name in resting}
    for name in ("python", "commit"):
        words = {"python": "python -c pass", "commit": "git commit without ccc"}
        yield Result(f"{words[name]}, beside work: times as long", slower[name], None, "x")
    for name in (*READING, *COMMITTING):
        everything = slower["commit" if name in COMMITTING else "python"]
        yield Result(f"{name}, beside work: times as long, of that", slower[name] / everything, RATIO, "x")
        yield Result(
            "  beside work; at rest", median_ms(working[name]), None, f"; {median_ms(resting[name]):.0f} ms"
        )
    for name in WRITING:
        waited = median_ms(working[name]) - median_ms(resting[name]) * slower["python"]
        yield Result(f"{name}, beside work: waits for its turn", max(0.0, waited), TURN_MS, "ms")
        yield Result(
            "  beside work; at rest", median_ms(working[name]), None, f"; {median_ms(resting[name]):.0f} ms"
        )
