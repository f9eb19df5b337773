"""Repositories to measure in."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "30"))
"""Runs of each thing measured, in turn with its yardstick; the median counts."""


def run(*command: str, cwd: Path) -> str:
    """A command that must succeed; its output."""
    done = subprocess.run(
        command, cwd=cwd, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    return done.stdout.strip()


def ccc(*arguments: str, cwd: Path) -> str:
    """ccc as a process."""
    return run(sys.executable, "-m", "ccc", *arguments, cwd=cwd)


@contextmanager
def repository(files: int = 10) -> Iterator[Path]:
    """A fresh repository with this many files on `main`, ccc prepared in it."""
    with tempfile.TemporaryDirectory(prefix="ccc-bench-", ignore_cleanup_errors=True) as folder:
        top = Path(folder) / "repo"
        top.mkdir()
        run("git", "init", "-q", "-b", "main", cwd=top)
        run("git", "config", "user.name", "Developer", cwd=top)
        run("git", "config", "user.email", "developer@example.com", cwd=top)
        for number in range(files):
            path = top / f"d{number % 50}" / f"f{number}.txt"
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"{number}\n" * 20)
        run("git", "add", "--all", cwd=top)
        run("git", "commit", "-qm", "Start", cwd=top)
        ccc("init", cwd=top)
        yield top
