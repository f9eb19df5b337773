"""Spawning up to the engine's start (S1), against `git worktree add` of the same repository; 16 at once."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench.harness import Result, Scale, in_turns, median_ms, seconds
from bench.places import repository, run
from ccc.ops.spawn import Request, spawn
from ccc.ops.workspace import Workspace

BUDGET = 1.25


def measure(scale: Scale) -> list[Result]:
    """Ratios of medians; `--full` measures 50,000 files, too."""
    found = []
    for files in scale.of([20], [5000], [5000, 50_000]):
        rounds = scale.rounds if files <= 5000 else max(2, scale.rounds // 3)
        found += _at(files, rounds, scale)
    return found


def _at(files: int, rounds: int, scale: Scale) -> list[Result]:
    with repository(files) as top:
        times = in_turns(
            rounds,
            {
                "operation": lambda number: _by_operation(top, f"operation-{number}"),
                "git": lambda number: _by_git(top, f"git-{number}"),
                "command": lambda number: _by_command(top, f"command-{number}"),
            },
        )
        by_git = statistics.median(times["git"])
        at_once = scale.of(4, 16) if files <= 5000 else 0
        failed, longest = _many(top, at_once)
    found = [
        Result(
            f"spawn in a long-lived process, {files} files",
            statistics.median(times["operation"]) / by_git,
            BUDGET,
            "times git",
        ),
        Result(
            "  git ccc spawn as a process", statistics.median(times["command"]) / by_git, None, "times git"
        ),
        Result("  beside: git worktree add", median_ms(times["git"]), None, "ms"),
        Result("  the operation", median_ms(times["operation"]), None, "ms"),
        Result("  the process", median_ms(times["command"]), None, "ms"),
    ]
    if at_once:
        found += [
            Result(f"{at_once} spawned at once: failed", failed, 0.0, "processes", exact=True),
            Result("  until the last was there", longest, None, "s"),
        ]
    return found


def _by_operation(top: Path, name: str) -> float:
    workspace = Workspace.open(top, os.environ)
    taken = seconds(lambda: spawn(workspace, Request("backend", "Measure", name=f"backend-{name}")))
    _remove(top, top.with_name("repo.ccc") / f"backend-{name}")
    return taken


def _by_command(top: Path, name: str) -> float:
    command = _command(f"backend-{name}")
    taken = seconds(lambda: subprocess.run(command, cwd=top, check=True, capture_output=True))
    _remove(top, top.with_name("repo.ccc") / f"backend-{name}")
    return taken


def _by_git(top: Path, name: str) -> float:
    path = top.with_name("trees") / name
    command = ["git", "worktree", "add", "-q", "-b", name, str(path)]
    taken = seconds(lambda: subprocess.run(command, cwd=top, check=True))
    _remove(top, path)
    return taken


def _command(name: str) -> list[str]:
    return [sys.executable, "-m", "ccc", "spawn", "backend", "Measure", "--name", name, "--no-start"]


def _remove(top: Path, tree: Path) -> None:
    """Takes the files away, so that no round finds more of them than another."""
    run("git", "worktree", "remove", "--force", str(tree), cwd=top)


def _many(top: Path, count: int) -> tuple[int, float]:
    """How many of several processes that begin together fail, and how long all take."""
    started = time.perf_counter()
    processes = [
        subprocess.Popen(_command(f"backend-together-{number}"), cwd=top, stdout=subprocess.DEVNULL)
        for number in range(count)
    ]
    failed = sum(process.wait() != 0 for process in processes)
    trees = [top.with_name("repo.ccc") / f"backend-together-{number}" for number in range(count)]
    whole = sum((tree / "d0" / "f0.txt").exists() for tree in trees)
    return max(failed, count - whole), time.perf_counter() - started
