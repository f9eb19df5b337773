"""Which process holds something: recognised by id and start time, so that a reused id fools nobody."""

from __future__ import annotations

import os
from pathlib import Path

PROC = Path("/proc")


def start_of(pid: int) -> str | None:
    """The process's start time (clock ticks since boot, seconds without /proc); None where it is gone."""
    try:
        stat = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None if PROC.is_dir() else _start_by_psutil(pid)
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else fields[19]


def _start_by_psutil(pid: int) -> str | None:
    import psutil  # 20 ms, and only where there is no /proc

    try:
        return str(int(psutil.Process(pid).create_time()))
    except psutil.NoSuchProcess:
        return None


def own_name(lane: str) -> str:
    """`<lane>.<pid>.<start>` of this process."""
    return f"{lane}.{os.getpid()}.{start_of(os.getpid())}"


def lives(name: str) -> bool:
    """Whether the process with this `own_name` still runs."""
    _, _, rest = name.partition(".")
    pid, _, start = rest.partition(".")
    return pid.isdecimal() and start_of(int(pid)) == start


def git_works_in(common: Path) -> bool:
    """Whether a git program runs in this repository; a guess on the side of yes.

    Seen by working directory or arguments; where there is no /proc the answer is yes.
    """
    if not PROC.is_dir():
        return True
    return any(_is_git_of(process, common) for process in PROC.iterdir() if process.name.isdecimal())


def _is_git_of(process: Path, common: Path) -> bool:
    try:
        if not (process / "comm").read_text(encoding="utf-8", errors="replace").startswith("git"):
            return False
        arguments = (process / "cmdline").read_bytes()
        directory = (process / "cwd").readlink()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False
    if b"cat-file" in arguments:
        return False
    return directory.is_relative_to(common.parent) or os.fsencode(common) in arguments
