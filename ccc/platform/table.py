"""The table of processes; Linux by `/proc`, elsewhere by psutil."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from ccc.platform import processes

GONE = (FileNotFoundError, ProcessLookupError)
WITHHELD = (*GONE, PermissionError)


@dataclass(frozen=True, slots=True)
class Process:
    """One row; `start` as in an identity, `group` 0 where unknown.

    `lives` is false for the dead that nobody has collected yet.
    """

    pid: int
    parent: int
    group: int
    start: str
    lives: bool

    @property
    def key(self) -> tuple[int, str]:
        """What tells it from a later process with the same number."""
        return self.pid, self.start


def everybody() -> dict[int, Process]:
    """Every process of the system by its number, the dead that nobody collected too.

    Rows are read one after the other. One whose parent ended meanwhile is read again, for it has got another.
    """
    table = {row.pid: row for row in _rows()}
    for row in [row for row in table.values() if row.parent and row.parent not in table]:
        later = one(row.pid)
        if later is None:
            del table[row.pid]
        else:
            table[row.pid] = later
    return table


def one(pid: int) -> Process | None:
    """The row of one process as it is now; None where there is none."""
    if not processes.PROC.is_dir():
        return _one_by_psutil(pid)
    try:
        stat = (processes.PROC / str(pid) / "stat").read_bytes()
    except GONE:
        return None
    fields = stat[stat.rindex(b")") + 2 :].split()  # the name before may hold anything, ")" too
    return Process(
        pid=pid,
        parent=int(fields[1]),
        group=int(fields[2]),
        start=fields[19].decode("ascii"),
        lives=fields[0] not in (b"Z", b"X") or int(fields[17]) > 1,  # its first thread may have gone alone
    )


def environment(pid: int) -> bytes:
    """The variables that a process was started with, NUL before, between and after; `\\0` where withheld."""
    if not processes.PROC.is_dir():
        return _environment_by_psutil(pid)
    try:
        return b"\0" + (processes.PROC / str(pid) / "environ").read_bytes()
    except WITHHELD:
        return b"\0"


def owner(pid: int) -> int | None:
    """The real user id of a process; None where it is gone."""
    if not processes.PROC.is_dir():
        return _owner_by_psutil(pid)
    try:
        status = (processes.PROC / str(pid) / "status").read_bytes()
    except GONE:
        return None
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith(b"Uid:")), None)


def above(pid: int) -> Iterator[int]:
    """The ancestors of a process, nearest first."""
    row = one(pid)
    while row is not None and row.parent > 0:
        yield row.parent
        row = one(row.parent)


def below(pids: Iterable[int], table: dict[int, Process]) -> list[int]:
    """All descendants of some processes in a table, parents before their children."""
    children: dict[int, list[int]] = {}
    for row in table.values():
        children.setdefault(row.parent, []).append(row.pid)
    found: dict[int, None] = {}
    level = list(pids)
    while level:
        level = [child for pid in level for child in children.get(pid, ()) if child not in found]
        found.update(dict.fromkeys(level))
    return list(found)


def _rows() -> Iterator[Process]:
    if processes.PROC.is_dir():
        pids = [int(entry.name) for entry in processes.PROC.iterdir() if entry.name.isdecimal()]
    else:
        import psutil  # 20 ms, and only where there is no /proc

        pids = psutil.pids()
    for pid in pids:
        row = one(pid)
        if row is not None:
            yield row


def _one_by_psutil(pid: int) -> Process | None:
    import psutil

    try:
        process = psutil.Process(pid)
        with process.oneshot():
            lives = process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
            parent, start = process.ppid(), str(int(process.create_time()))
    except psutil.Error:
        return None
    group = 0
    with suppress(OSError):
        group = os.getpgid(pid)
    return Process(pid, parent, group, start, lives)


def _environment_by_psutil(pid: int) -> bytes:
    import psutil

    try:
        variables = psutil.Process(pid).environ()
    except (psutil.Error, OSError):
        return b"\0"
    return b"\0" + b"".join(os.fsencode(f"{name}={value}") + b"\0" for name, value in variables.items())


def _owner_by_psutil(pid: int) -> int | None:
    import psutil

    try:
        return int(psutil.Process(pid).uids().real)
    except psutil.Error:
        return None
