"""What ccc adds to `git commit` in a session's worktree, over an empty post-commit hook (G4)."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.harness import Result
from bench.places import ROUNDS, ccc, repository, run
from ccc.git import hookfiles
from ccc.layout import Layout

BUDGET_MS = 2.0
CHAINED_BUDGET_MS = 3.0
"""The user's hook is one more program to start, which takes 1 ms."""
PAIRS = 5 * ROUNDS
"""Commits of each kind, in turn: a single one is as noisy as the difference that is measured."""


def measure() -> list[Result]:
    """Milliseconds a commit, medians, in turn with an empty post-commit in an ordinary worktree.

    A live drain is woken each time and does nothing: what it does in the background is measured as
    visibility. The second figure is for a user who has a post-commit hook, which ours then runs.
    """
    with repository() as top:
        ccc("spawn", "backend", "Bench", "--no-start", cwd=top)
        ordinary, session = top.with_name("ordinary"), top.with_name("repo.ccc") / "backend-bench"
        run("git", "worktree", "add", "-q", "-b", "ordinary", str(ordinary), cwd=top)
        with _idle_drain(top / ".git"):
            alone = _added(session, ordinary, _empty_hook(top.with_name("hooks")))
            users = _empty_hook(top / ".git" / "hooks")
            hookfiles.refresh(top / ".git")
            chained = _added(session, ordinary, users)
    return [
        Result("commit in a session, over an empty post-commit", alone, BUDGET_MS, "ms"),
        Result("the same, where the user has a post-commit", chained, CHAINED_BUDGET_MS, "ms"),
    ]


def _added(session: Path, ordinary: Path, hooks: Path) -> float:
    plain = ("git", "-c", f"core.hooksPath={hooks}")
    ours = ("git", "-c", "gc.auto=0")
    times = [(_milliseconds(ours, session), _milliseconds(plain, ordinary)) for _ in range(PAIRS)]
    return statistics.median(mine for mine, _ in times) - statistics.median(theirs for _, theirs in times)


def _milliseconds(git: tuple[str, ...], tree: Path) -> float:
    started = time.perf_counter()
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], cwd=tree, check=True)
    return (time.perf_counter() - started) * 1000


def _empty_hook(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    hook = folder / "post-commit"
    hook.write_text("#!/bin/sh\n")
    hook.chmod(0o755)
    return folder


@contextmanager
def _idle_drain(common: Path) -> Iterator[None]:
    """A process that looks like a live drain and takes no CPU time from what is measured."""
    root = Layout(common).root
    (root / "drain").unlink()
    pid, fifo = root / "drain.pid", root / "drain.fifo"
    end = time.monotonic() + 20
    while pid.exists():
        if time.monotonic() > end:
            raise TimeoutError("the drain does not end")
        time.sleep(0.05)
    if not fifo.exists():
        os.mkfifo(fifo)
    bell = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "ccc"]) as idle:
        pid.write_text(f"{idle.pid}\n")
        yield
        idle.kill()
    os.close(bell)
