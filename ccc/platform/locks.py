"""Who holds a lock on a file; Linux by `/proc/locks`."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from ccc.platform import processes, table

END_SECONDS = 5.0


def end_keepers(path: Path, *, spare: bytes) -> list[int]:
    """Ends the processes that have a lock's file open, and so keep its lock; gives who could not be ended.

    For locks whose descriptor is inherited: they belong to what their owner started, however it calls itself.
    Those with `spare` in their command line are left.
    """
    until = time.monotonic() + END_SECONDS
    while left := [pid for pid in keepers(path) if spare not in table.command(pid)]:
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            except PermissionError:
                return left
        if time.monotonic() >= until:
            return left
        time.sleep(0.01)
    return []


def keepers(path: Path) -> list[int]:
    """The other processes that have a file open; none where the system does not tell."""
    if not processes.PROC.is_dir():
        return []
    try:
        wanted = path.stat()
    except OSError:
        return []
    pids = (int(entry.name) for entry in processes.PROC.iterdir() if entry.name.isdecimal())
    return [pid for pid in pids if pid != os.getpid() and _has_open(pid, wanted)]


def _has_open(pid: int, wanted: os.stat_result) -> bool:
    try:
        return any(_leads_to(path, wanted) for path in (processes.PROC / str(pid) / "fd").iterdir())
    except OSError:
        return False


def _leads_to(path: Path, wanted: os.stat_result) -> bool:
    try:
        return os.path.samestat(wanted, path.stat())
    except OSError:
        return False


def holders(path: Path) -> list[int] | None:
    """The processes that hold a flock(2) on a file; None where the system does not say.

    By inode alone: the device is another one in `/proc/locks` than in stat(2) on overlays.
    """
    try:
        inode = path.stat().st_ino
        rows = (processes.PROC / "locks").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = []
    for row in rows:
        # "1: FLOCK  ADVISORY  WRITE 1234 fd:01:5678 0 EOF"; "1: -> FLOCK ..." waits for it
        words = row.split()
        if words[1:2] == ["FLOCK"] and words[5].rpartition(":")[2] == str(inode) and int(words[4]) > 0:
            found.append(int(words[4]))
    return found
