"""Repositories to measure in, stores on them, and what is recorded there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from ccc.domain.events import Draft
from ccc.git.command import Git
from ccc.git.libgit import LibGit
from ccc.layout import Layout
from ccc.platform import table, trees
from ccc.store.gitstore import GitStore
from ccc.store.reader import nothing_observed

FOLDERS = 50
REST_SECONDS, QUIET_SECONDS = 60.0, 0.15
"""Seconds: how long it is waited for at most that nothing is at work, and for how long nothing must be."""

LONGEST_IN_THE_BACKGROUND, SETTLED = 10.0, 1.0
"""Seconds: what begins in the background may make a folder again that has just been removed."""


def leave_the_surroundings() -> None:
    """A person measures ccc, compiled, with nobody's git configuration, wherever this was started from."""
    unwanted = ("CLAUDECODE", "PYTHONDONTWRITEBYTECODE")
    for name in [name for name in os.environ if name.startswith(("GIT_", "CCC_")) or name in unwanted]:
        del os.environ[name]
    os.environ.update({"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"})


def run(*command: str, cwd: Path, stdin: str | None = None) -> str:
    """A command that must succeed; its output. Raises RuntimeError with its words."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, input=stdin or "")
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr}")
    return done.stdout.strip()


def ccc(*arguments: str, cwd: Path) -> str:
    """ccc as a process."""
    return run(sys.executable, "-m", "ccc", *arguments, cwd=cwd)


@contextmanager
def temporary() -> Iterator[Path]:
    """A folder that goes away again, when what ccc does in the background there has ended."""
    folder = Path(tempfile.mkdtemp(prefix="ccc-bench-")).resolve()
    try:
        yield folder
    finally:
        _remove(folder)


def _remove(folder: Path) -> None:
    until = time.monotonic() + LONGEST_IN_THE_BACKGROUND
    while folder.exists() and time.monotonic() < until:
        works = list(folder.glob("*/.git/ccc"))
        if not list(folder.glob("*/.git/ccc/drain.pid")):
            shutil.rmtree(folder, ignore_errors=True)
        time.sleep(SETTLED if works else 0.0)


@contextmanager
def repository(files: int = 10) -> Iterator[Path]:
    """A fresh repository with this many files on `main`, ccc prepared in it."""
    with temporary() as folder:
        top = plain(folder / "repo", files)
        ccc("init", cwd=top)
        yield top


def plain(top: Path, files: int = 10) -> Path:
    """A fresh repository without ccc, where git tidies up only when it is told to."""
    top.mkdir()
    run("git", "init", "-q", "-b", "main", cwd=top)
    run("git", "config", "gc.auto", "0", cwd=top)
    run("git", "config", "user.name", "Developer", cwd=top)
    run("git", "config", "user.email", "developer@example.com", cwd=top)
    for number in range(files):
        path = top / f"d{number % FOLDERS}" / f"f{number}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{number}\n" * 20)
    run("git", "add", "--all", cwd=top)
    run("git", "commit", "-qm", "Start", cwd=top)
    return top


def at_rest(top: Path) -> None:
    """Waits until no background process of ccc is at work here: what a commit began goes on for a while."""
    common, until = os.fsencode(top / ".git"), time.monotonic() + REST_SECONDS
    used = None
    while used != (used := _used_by(common)):
        if time.monotonic() > until:
            raise RuntimeError(f"ccc is still at work in {top}")
        time.sleep(QUIET_SECONDS)


def _used_by(common: bytes) -> dict[int, float]:
    """The processor time of each process that has this folder in its command line."""
    found = [pid for pid in psutil.pids() if common in table.command(pid)]
    return {pid: trees.cpu_seconds(pid) or 0.0 for pid in found}


def store_at(common: Path, objects: LibGit | None = None) -> GitStore:
    """A store that observes nothing but what is recorded through it."""
    return GitStore(
        Layout(common),
        Git(common, {"GIT_DIR": str(common)}),
        objects=objects or LibGit(common),
        identity=lambda: "Developer <developer@example.com>",
        observe=nothing_observed,
    )


def stream_of(number: int, sessions: int) -> str:
    """The stream of one of so many sessions."""
    return f"sessions/{number % sessions:032x}"


def progressed(number: int, sessions: int) -> Draft:
    """A small fact that changes the state of one of so many sessions."""
    percent, which = number % 101, number % sessions
    stream = stream_of(number, sessions)
    text = f"progress {percent} %"
    changes = {stream: {"progress": percent}}
    return Draft(
        "session.progressed", f"backend-task-{which}", text, changes, session=stream.partition("/")[2]
    )
