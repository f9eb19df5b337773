"""Identity and liveness of processes; Linux by `/proc`, elsewhere by psutil."""

from __future__ import annotations

import os
import select
import time
from functools import lru_cache
from pathlib import Path

from ccc.platform.contents import content
from ccc.records import dataclass

PROC = Path("/proc")
OURS_WAITING = "ccc.waiting=true"
"""Set (`git -c`) for the git processes of ccc that stay for the next question: between two they hold no lock,
and a lock of `refs/ccc` is looked at only under ccc's own, so by nobody while they move it."""


@dataclass(frozen=True)
class Standing:
    """A living process; `halted`: it stands still by a signal (SIGSTOP, SIGTSTP)."""

    pid: int
    halted: bool


def own_identity() -> str:
    """This process as `pid start boot`: the start time tells a reused pid, the boot id a reboot."""
    return identity(os.getpid())


def identity(pid: int) -> str:
    """Any process as `pid start boot`; unknown parts are `-`."""
    return f"{pid} {start_of(pid)} {boot_id()}"


def alive(process: str) -> bool:
    """Whether the process of an identity still lives, and is the same one."""
    return standing(process) is not None


def standing(process: object) -> Standing | None:
    """The process of an identity as it is now; None where it is gone, or is another one."""
    parts = process.split(" ") if isinstance(process, str) else ()
    if len(parts) != 3 or not parts[0].isdigit() or parts[2] != boot_id():
        return None
    pid = int(parts[0])
    state, start = _state_and_start(pid)
    return Standing(pid, state == "T") if start is not None and start == parts[1] else None


def boot_id() -> str:
    """Changes with every boot; `-` where the system does not tell."""
    return _boot_id(PROC)


@lru_cache(maxsize=1)
def _boot_id(proc: Path) -> str:
    """Read once: no process outlives a boot."""
    try:
        return (proc / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return "-"


def seconds_since(moment: float) -> float:
    """Seconds of wall clock since a file time."""
    return time.time() - moment


def start_of(pid: int) -> str | None:
    """The process's start time (clock ticks since boot, seconds without /proc); None where it is gone."""
    return _state_and_start(pid)[1]


def _state_and_start(pid: int) -> tuple[str, str | None]:
    """The letter of its state as proc(5) has them, and its start time; None for one that is gone."""
    try:
        stat = content(f"{PROC}/{pid}/stat").decode("utf-8", "replace")  # a Path costs as much as reading it
    except (FileNotFoundError, ProcessLookupError):
        return ("", None) if PROC.is_dir() else _by_psutil(pid)
    fields = stat.rpartition(")")[2].split()
    return fields[0], None if fields[0] in "ZX" else fields[19]


def await_end(pid: int, seconds: float) -> None:
    """Sleeps until a child that nobody has waited for is over, `seconds` at most; not at all where the system
    cannot tell (pidfd_open(2), Linux).

    `subprocess` itself asks again after 1 ms, 2 ms, ... where it has a time limit: a third of all git
    processes are asked for while the system still clears them away.
    """
    try:
        door = os.pidfd_open(pid)
    except (AttributeError, OSError):
        return
    try:
        poll = select.poll()
        poll.register(door, select.POLLIN)
        poll.poll(max(seconds, 0.0) * 1000)
    finally:
        os.close(door)


def parent_of(pid: int) -> int | None:
    """The parent of a process; None where it is gone, or the system does not tell."""
    try:
        stat = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return int(stat.rpartition(")")[2].split()[1])


def _by_psutil(pid: int) -> tuple[str, str | None]:
    import psutil  # 20 ms, and only where there is no /proc

    try:
        process = psutil.Process(pid)
        state = "T" if process.status() == psutil.STATUS_STOPPED else ""
        return state, str(int(process.create_time()))
    except psutil.NoSuchProcess:
        return "", None


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
