"""Two histories that went apart are joined (G6): how long, and the same commit on both sides."""

from __future__ import annotations

import shutil
from pathlib import Path

from bench.harness import Result, Scale, in_turns, median_ms, seconds
from bench.places import plain, run, store_at, temporary
from bench.sessions import record_progress
from ccc.store.protocol import REF

BUDGET_MS = 1000.0
AT_ONCE = 500
"""Up to a thousand events at once are one commit each, as they are when they come one by one."""


def measure(scale: Scale) -> list[Result]:
    """Milliseconds of `absorb` in a fresh store on fresh copies; the other history is fetched before."""
    events, sessions = scale.of(200, 10_000), scale.of(20, 1000)
    with temporary() as folder:
        sides = _apart(folder, events, sessions)
        joined: set[str] = set()

        def absorb(side: Path, other: Path) -> float:
            copy = folder / "copy"
            shutil.copytree(side / ".git", copy)
            store, tip = store_at(copy), run("git", "rev-parse", REF, cwd=other)
            taken = seconds(lambda: joined.add(store.absorb([tip])))
            shutil.rmtree(copy)
            return taken

        one, other = sides
        times = in_turns(
            scale.rounds,
            {
                "join": lambda number: absorb(*(sides if number % 2 else reversed(sides))),
                "fetch": lambda _: _fetch(folder / "fetched", one, other),
                "merge": lambda _: seconds(lambda: _merge(one, other)),
            },
        )
        both = {absorb(one, other), absorb(other, one)}
        assert len(both) == 2
    return [
        Result(f"join of histories {events} events apart", median_ms(times["join"]), BUDGET_MS, "ms"),
        Result("  beside: git fetch of the other one", median_ms(times["fetch"]), None, "ms"),
        Result("  beside: git merge-tree, which sees conflicts", median_ms(times["merge"]), None, "ms"),
        Result("commit ids that both sides came to, but one", len(joined) - 1, 0.0, "ids", exact=True),
    ]


def _apart(folder: Path, events: int, sessions: int) -> tuple[Path, Path]:
    """Two repositories that know each other's objects, each with half of the events on its `refs/ccc`."""
    one, other = plain(folder / "one"), folder / "other"
    record_progress(store_at(one / ".git"), 0, sessions, sessions)
    shutil.copytree(one, other)
    for side, first in ((one, sessions), (other, sessions + events // 2)):
        record_progress(store_at(side / ".git"), first, first + events // 2, sessions, AT_ONCE)
    run("git", "fetch", "-q", str(other), f"{REF}:refs/apart/other", cwd=one)
    run("git", "fetch", "-q", str(one), f"{REF}:refs/apart/one", cwd=other)
    for side in (one, other):
        run("git", "gc", "-q", cwd=side)
        shutil.rmtree(side / ".git" / "ccc" / "wal")
    return one, other


def _fetch(goal: Path, one: Path, other: Path) -> float:
    """What it takes to get the commits of one side into a repository that has those of the other."""
    run("git", "init", "-q", "--bare", str(goal), cwd=one)
    run("git", "fetch", "-q", f"file://{one}", f"{REF}:refs/apart/one", cwd=goal)
    taken = seconds(lambda: run("git", "fetch", "-q", f"file://{other}", f"{REF}:refs/apart/other", cwd=goal))
    shutil.rmtree(goal)
    return taken


def _merge(one: Path, other: Path) -> str:
    tip = run("git", "rev-parse", REF, cwd=other)
    command = f"git merge-tree --write-tree {REF} {tip} >/dev/null; test $? -le 1"
    return run("sh", "-c", command, cwd=one)
