"""How soon a commit in a session's worktree is on `refs/ccc` (G4): from the end of `git commit`."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from bench.harness import Result, Scale, median_ms
from bench.places import ccc, repository, run

BUDGET_MS = 300.0
LONG_ENOUGH_FOR_THE_DRAIN_TO_END = 4.0
COLD = 10
"""Commits that wait for the drain before to end: more would take minutes."""


def measure(scale: Scale) -> list[Result]:
    """Milliseconds, medians: with no drain alive, and with one that lingers after the commit before."""
    with repository() as top:
        ccc("spawn", "backend", "Bench", "--no-start", cwd=top)
        tree = top.with_name("repo.ccc") / "backend-bench"
        cold = [
            _once(top, tree, number, LONG_ENOUGH_FOR_THE_DRAIN_TO_END)
            for number in range(min(scale.rounds, scale.of(1, COLD)))
        ]
        warm = [_once(top, tree, number, 0.0) for number in range(scale.rounds)]
    return [
        Result("commit to event on refs/ccc, drain started", median_ms(cold), BUDGET_MS, "ms"),
        Result("commit to event on refs/ccc, drain alive", median_ms(warm), BUDGET_MS, "ms"),
    ]


def _once(top: Path, tree: Path, number: int, pause: float) -> float:
    time.sleep(pause)
    run("git", "commit", "-q", "--allow-empty", "-m", f"c{number}", cwd=tree)
    started = time.perf_counter()
    subject = f"committed {run('git', 'rev-parse', '--short=7', 'HEAD', cwd=tree)}"
    while subject not in _tip_subject(top):
        if time.perf_counter() - started > 20:
            raise TimeoutError("the event never came")
        time.sleep(0.002)
    return time.perf_counter() - started


def _tip_subject(top: Path) -> str:
    done = subprocess.run(
        ["git", "log", "-3", "--format=%s", "refs/ccc"], cwd=top, capture_output=True, text=True
    )
    return done.stdout
