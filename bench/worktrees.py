"""A session's worktree against `git worktree add`: 5,000 files, taken in turns."""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.harness import Result
from ccc.git import worktrees
from ccc.git.repository import Repository, discover

FILES = 5_000
RUNS = int(os.environ.get("BENCH_RUNS", "30"))
"""Runs of each; the median of fewer than 30 is not worth quoting."""

BUDGET = 1.25


def measure() -> list[Result]:
    """The ratio of the medians; the one who begins changes with every round."""
    with tempfile.TemporaryDirectory(prefix="ccc-bench-") as folder:
        repository = _repository(Path(folder) / "repo")
        ours: list[float] = []
        theirs: list[float] = []
        for number in range(RUNS):
            pair = [(ours, _by_ccc), (theirs, _by_git)]
            for times, make in pair if number % 2 else reversed(pair):
                times.append(_timed(make, repository, Path(folder) / "trees" / f"n{number}"))
        quotient = statistics.median(ours) / statistics.median(theirs)
        return [Result(f"worktree of {FILES} files against git worktree add", quotient, BUDGET, "times")]


def _timed(make: Callable[[Repository, Path], None], repository: Repository, path: Path) -> float:
    started = time.perf_counter()
    make(repository, path)
    seconds = time.perf_counter() - started
    subprocess.run(["git", "worktree", "remove", "--force", path], cwd=repository.top, check=True)
    return seconds


def _by_ccc(repository: Repository, path: Path) -> None:
    commit = repository.git.text("rev-parse", "HEAD")
    branch = f"ccc/{path.name}"
    worktrees.add(
        repository, name=path.name, path=path, branch=branch, commit=commit, lock=contextlib.nullcontext()
    )


def _by_git(repository: Repository, path: Path) -> None:
    asked = ["git", "worktree", "add", "-q", "-b", f"git/{path.name}", str(path)]
    subprocess.run(asked, cwd=repository.top, check=True)


def _repository(path: Path) -> Repository:
    path.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=path, check=True)
    for number in range(FILES):
        file = path / f"d{number % 100}" / f"f{number}.txt"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"{number}\n" * 40, encoding="ascii")
    who = ["-c", "user.name=Developer", "-c", "user.email=developer@example.com"]
    subprocess.run(["git", "add", "--all"], cwd=path, check=True)
    subprocess.run(["git", *who, "commit", "-q", "-m", "Begin"], cwd=path, check=True)
    return discover(path, os.environ)
