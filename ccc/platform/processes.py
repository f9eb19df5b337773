"""Identity and liveness of processes; Linux by `/proc`, elsewhere by psutil."""

from __future__ import annotations

import os
import time
from pathlib import Path

PROC = Path("/proc")
OURS_WAITING = "ccc.waiting=true"
"""Set (`git -c`) for the git processes of ccc that stay for the next question: between two they hold no lock,
and a lock of `refs/ccc` is looked at only under ccc's own, so by nobody while they move it."""


def own_identity() -> str:
    """This process as `pid start boot`: the start time tells a reused pid, the boot id a reboot."""
    return identity(os.getpid())


def identity(pid: int) -> str:
    """Any process as `pid start boot`; unknown parts are `-`."""
    return f"{pid} {start_of(pid)} {boot_id()}"


def alive(process: str) -> bool:
    """Whether the process of an identity still lives, and is the same one."""
    parts = process.split(" ")
    if len(parts) != 3 or not parts[0].isdigit() or parts[2] != boot_id():
        return False
    return start_of(int(parts[0])) == parts[1]


def boot_id() -> str:
    """Changes with every boot; `-` where the system does not tell."""
    try:
        return (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return "-"


def seconds_since(moment: float) -> float:
    """Seconds of wall clock since a file time."""
    return time.time() - moment


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
    if b"cat-file" in arguments or OURS_WAITING.encode() in arguments:
        return False
    return directory.is_relative_to(common.parent) or os.fsencode(common) in arguments
