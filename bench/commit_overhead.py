"""What ccc adds to `git commit` in a session's worktree, over an empty post-commit hook (G4)."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.harness import Result, Scale, Times, in_turns, median_ms, seconds
from bench.places import ccc, repository, run
from ccc.git import hookfiles
from ccc.layout import Layout

BUDGET_MS = 2.0
CHAINED_BUDGET_MS = 3.0
"""The user's hook is one more program to start, which takes 1 ms."""
PAIRS = 5
"""Commits of each kind in a round: a single one is as noisy as the difference that is measured."""


def measure(scale: Scale) -> list[Result]:
    """Milliseconds a commit, medians, in turn with an empty post-commit in an ordinary worktree.

    A live drain is woken each time and does nothing: what it does in the background is measured as
    visibility. The second figure is for a user who has a post-commit hook, which ours then runs.
    """
    with repository() as top:
        ccc("spawn", "backend", "Bench", "--no-start", cwd=top)
        ordinary, session = top.with_name("ordinary"), top.with_name("repo.ccc") / "backend-bench"
        run("git", "worktree", "add", "-q", "-b", "ordinary", str(ordinary), cwd=top)
        with _idle_drain(top / ".git"):
            alone = _times(scale, session, ordinary, _empty_hook(top.with_name("hooks")))
            users = _empty_hook(top / ".git" / "hooks")
            hookfiles.refresh(top / ".git")
            chained = _times(scale, session, ordinary, users)
    return [
        Result("commit in a session, over an empty post-commit", _added(alone), BUDGET_MS, "ms"),
        Result("  beside: the commit in the session", median_ms(alone["session"]), None, "ms"),
        Result("  beside: with an empty post-commit of sh", median_ms(alone["empty"]), None, "ms"),
        Result("  beside: without any hook", median_ms(alone["none"]), None, "ms"),
        Result("the same, where the user has a post-commit", _added(chained), CHAINED_BUDGET_MS, "ms"),
    ]


def _times(scale: Scale, session: Path, ordinary: Path, hooks: Path) -> dict[str, Times]:
    return in_turns(
        PAIRS * scale.rounds,
        {
            "session": lambda _: _commit(session),
            "empty": lambda _: _commit(ordinary, "-c", f"core.hooksPath={hooks}"),
            "none": lambda _: _commit(ordinary, "-c", f"core.hooksPath={os.devnull}"),
        },
    )


def _added(times: dict[str, Times]) -> float:
    return median_ms(times["session"]) - median_ms(times["empty"])


def _commit(tree: Path, *settings: str) -> float:
    command = ["git", "-c", "gc.auto=0", *settings, "commit", "-q", "--allow-empty", "-m", "x"]
    return seconds(lambda: subprocess.run(command, cwd=tree, check=True))


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
    pid.unlink()
    os.close(bell)
