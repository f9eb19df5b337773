"""Identity and liveness of processes; Linux by `/proc`, elsewhere by signal 0 alone."""

from __future__ import annotations

import os
import time
from pathlib import Path

PROC = Path("/proc")


def own_identity() -> str:
    """This process as `pid start boot`: the start time tells a reused pid, the boot id a reboot."""
    return identity(os.getpid())


def identity(pid: int) -> str:
    """Any process as `pid start boot`; unknown parts are `-`."""
    return f"{pid} {_started(pid)} {boot_id()}"


def alive(process: str) -> bool:
    """Whether the process of an identity still lives, and is the same one."""
    parts = process.split(" ")
    if len(parts) != 3 or not parts[0].isdigit():
        return False
    pid, started, boot = int(parts[0]), parts[1], parts[2]
    if boot != boot_id() or not _exists(pid):
        return False
    return started in ("-", _started(pid))


def boot_id() -> str:
    """Changes with every boot; `-` where the system does not tell."""
    try:
        return (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return "-"


def _started(pid: int) -> str:
    """Start time in clock ticks since boot, field 22 of `/proc/<pid>/stat`; a zombie counts as ended."""
    try:
        text = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "-"
    fields = text.rpartition(")")[2].split()
    return "ended" if fields[0] in ("Z", "X") else fields[19]


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def parents() -> list[int]:
    """The pids of this process's ancestors, nearest first; empty where the system does not tell."""
    found: list[int] = []
    pid = os.getppid()
    while pid > 1 and pid not in found:
        found.append(pid)
        try:
            text = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            break
        pid = int(text.rpartition(")")[2].split()[1])
    return found


def seconds_since(moment: float) -> float:
    """Seconds of wall clock since a file time."""
    return time.time() - moment
