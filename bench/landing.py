"""What a landing costs (Q6): with a clean checkout of the target, beside `git merge --ff-only` there."""

from __future__ import annotations

import os
import time
from pathlib import Path

from bench.harness import Result, Scale, median_ms
from bench.places import ccc, repository, run
from ccc.ops.landing.approve import approve
from ccc.ops.landing.land import land
from ccc.ops.landing.prepare import prepare
from ccc.ops.landing.review import review
from ccc.ops.workspace import Workspace

BUDGET_MS = 150.0


def measure(scale: Scale) -> list[Result]:
    """Milliseconds of `land` itself, libraries loaded; gate and approval come before."""
    files = scale.of(50, 5000)
    times, merges = [], []
    with repository(files) as top:
        ccc("spawn", "backend", "Bench", "--no-start", cwd=top)
        tree = top.with_name("repo.ccc") / "backend-bench"
        for number in range(max(2, scale.rounds // 3)):
            times.append(_land(top, tree, number))
            merges.append(_merge(top, number))
    return [
        Result(f"landing with checkout, {files} files", median_ms(times), BUDGET_MS, "ms"),
        Result("  beside: git merge --ff-only", median_ms(merges), None, "ms"),
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
