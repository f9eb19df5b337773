"""What it costs to have the tree of a gate in a work tree (Q3): a used one again, beside a fresh checkout."""

from __future__ import annotations

import os
import time
from pathlib import Path

from bench.harness import Result, Scale, in_turns, median_ms
from bench.places import repository, run
from ccc.git.scratch import scratch
from ccc.ops.workspace import Workspace


def measure(scale: Scale) -> list[Result]:
    """Milliseconds until the tree is there, a file changed and some of ignored ones left each time."""
    return [result for files in scale.of([50], [5_000]) for result in _of_size(scale, files)]


def _of_size(scale: Scale, files: int) -> list[Result]:
    with repository(files) as top:
        workspace = Workspace.open(top, os.environ)
        _used(workspace, _commit(top, "first"))
        works = {
            "used": lambda number: _used(workspace, _commit(top, f"used{number}")),
            "fresh": lambda number: _fresh(top, number, _commit(top, f"fresh{number}")),
        }
        times = in_turns(scale.rounds, works)
    fresh = median_ms(times["fresh"])
    return [
        Result(f"work tree of a gate, used again, {files} files", median_ms(times["used"]), fresh, "ms"),
        Result("  beside: git worktree add --detach", fresh, None, "ms"),
    ]


def _commit(top: Path, name: str) -> str:
    (top / "moves.txt").write_text(name)
    run("git", "add", "--all", cwd=top)
    run("git", "commit", "-qm", name, cwd=top)
    return run("git", "rev-parse", "HEAD", cwd=top)


def _used(workspace: Workspace, commit: str) -> float:
    started = time.perf_counter()
    with scratch(workspace.repository, workspace.layout, commit) as folder:
        took = time.perf_counter() - started
        for number in range(20):
            (folder / f"left{number}.o").write_text("x")
    return took


def _fresh(top: Path, number: int, commit: str) -> float:
    started = time.perf_counter()
    run("git", "worktree", "add", "-q", "--detach", str(top.with_name(f"fresh{number}")), commit, cwd=top)
    took = time.perf_counter() - started
    run("git", "worktree", "remove", "--force", str(top.with_name(f"fresh{number}")), cwd=top)
    return took
