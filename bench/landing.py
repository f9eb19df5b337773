"""What a landing costs (Q6): with a clean checkout of the target, beside `git merge --ff-only` there."""

from __future__ import annotations

import os
import statistics
import time
from pathlib import Path

from bench.harness import Result
from bench.places import ROUNDS, ccc, repository, run
from ccc.ops.landing.approve import approve
from ccc.ops.landing.land import land
from ccc.ops.landing.prepare import prepare
from ccc.ops.landing.review import review
from ccc.ops.workspace import Workspace

FILES = 5000
BUDGET_MS = 150.0


def measure() -> list[Result]:
    """Milliseconds of `land` itself, libraries loaded; gate and approval come before."""
    times, merges = [], []
    with repository(FILES) as top:
        ccc("spawn", "backend", "Bench", "--no-start", cwd=top)
        tree = top.with_name("repo.ccc") / "backend-bench"
        for number in range(max(5, ROUNDS // 3)):
            times.append(_land(top, tree, number))
            merges.append(_merge(top, number))
    return [
        Result(f"landing with checkout, {FILES} files", statistics.median(times) * 1000, BUDGET_MS, "ms"),
        Result("  beside: git merge --ff-only", statistics.median(merges) * 1000, BUDGET_MS, "ms"),
    ]


def _land(top: Path, tree: Path, number: int) -> float:
    (tree / f"new{number}.txt").write_text("x\n")
    run("git", "add", "--all", cwd=tree)
    run("git", "commit", "-qm", f"New {number}", "-m", "Ccc-Status: done", cwd=tree)
    workspace = Workspace.open(top, os.environ)
    shown = prepare(workspace, "backend-bench", tell=lambda _: None)
    approve(workspace, shown)
    current = review(workspace, "backend-bench")
    started = time.perf_counter()
    land(workspace, current)
    return time.perf_counter() - started


def _merge(top: Path, number: int) -> float:
    run("git", "checkout", "-q", "-b", f"side{number}", "main", cwd=top)
    (top / f"side{number}.txt").write_text("x\n")
    run("git", "add", "--all", cwd=top)
    run("git", "commit", "-qm", "Side", cwd=top)
    run("git", "checkout", "-q", "main", cwd=top)
    started = time.perf_counter()
    run("git", "merge", "-q", "--ff-only", f"side{number}", cwd=top)
    return time.perf_counter() - started
