"""What a landing costs (Q6), without and with a checkout of the target, beside `git merge --ff-only`."""

from __future__ import annotations

import os
import time
from pathlib import Path

from bench.harness import Result, Scale, in_turns, median_ms
from bench.places import at_rest, ccc, repository, run
from ccc.ops.landing.approve import approve
from ccc.ops.landing.land import land
from ccc.ops.landing.prepare import prepare
from ccc.ops.landing.review import review
from ccc.ops.workspace import Workspace

BUDGET_MS = 150.0
MERGES = 1.25
"""How much longer than `git merge --ff-only` in the same checkout a landing may take, in a large one.

In a small one that takes no longer than the few git processes of any landing: there BUDGET_MS counts.
"""

LARGE = 50_000


def measure(scale: Scale) -> list[Result]:
    """Milliseconds of `land` itself, libraries loaded; gate and approval come before."""
    found = []
    for files in scale.of([50], [5_000, 50_000]):
        found += _alone(scale, files)
        found += _with_checkout(scale, files)
    return found


def _alone(scale: Scale, files: int) -> list[Result]:
    """Nobody has the target checked out; the session's worktree is brought along, as always."""
    with repository(files) as top:
        tree = _session(top)
        run("git", "checkout", "-q", "--detach", cwd=top)
        times = in_turns(scale.rounds, {"land": lambda number: _land(top, tree, number)})
    return [Result(f"landing, {files} files", median_ms(times["land"]), BUDGET_MS, "ms")]


def _with_checkout(scale: Scale, files: int) -> list[Result]:
    with repository(files) as top:
        tree = _session(top)
        works = {
            "land": lambda number: _land(top, tree, number),
            "merge": lambda number: _merge(top, number),
        }
        times = in_turns(scale.rounds, works)
    yardstick = median_ms(times["merge"])
    budget = MERGES * yardstick if files >= LARGE else BUDGET_MS
    return [
        Result(f"landing with checkout, {files} files", median_ms(times["land"]), budget, "ms"),
        Result("  beside: git merge --ff-only", yardstick, None, "ms"),
    ]


def _session(top: Path) -> Path:
    """The worktree of a session; the repository is packed, as one that was cloned is."""
    run("git", "repack", "-adq", cwd=top)
    ccc("spawn", "backend", "Bench", "--no-start", "--into", "main", cwd=top)
    return top.with_name("repo.ccc") / "backend-bench"


def _land(top: Path, tree: Path, number: int) -> float:
    (tree / f"new{number}.txt").write_text("x\n")
    run("git", "add", "--all", cwd=tree)
    run("git", "commit", "-qm", f"New {number}", "-m", "Ccc-Status: done", cwd=tree)
    workspace = Workspace.open(top, os.environ)
    shown = prepare(workspace, "backend-bench", tell=lambda _: None)
    approve(workspace, shown)
    current = review(workspace, "backend-bench")
    at_rest(top)
    started = time.perf_counter()
    land(workspace, current)
    return time.perf_counter() - started


def _merge(top: Path, number: int) -> float:
    run("git", "checkout", "-q", "-b", f"side{number}", "main", cwd=top)
    (top / f"side{number}.txt").write_text("x\n")
    run("git", "add", "--all", cwd=top)
    run("git", "commit", "-qm", "Side", cwd=top)
    run("git", "checkout", "-q", "main", cwd=top)
    at_rest(top)
    started = time.perf_counter()
    run("git", "merge", "-q", "--ff-only", f"side{number}", cwd=top)
    return time.perf_counter() - started
