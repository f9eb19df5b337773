"""The table of processes; Linux by `/proc`, elsewhere by psutil."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

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


@dataclass(frozen=True, slots=True)
class Table:
    """Every process of the system by its number, the dead that nobody collected too.

    `marked` are the living ones of this user that were started with the variable asked for; `whole` is false
    if some were gone by the time their row was read: those below them are not seen to be, then.
    """

    rows: dict[int, Process]
    marked: list[int]
    whole: bool

    @property
    def dead(self) -> set[tuple[int, str]]:
        """The keys of those that nobody has collected."""
        return {row.key for row in self.rows.values() if not row.lives}

    def below(self, pids: Iterable[int]) -> list[int]:
        """All descendants of some processes, parents before their children."""
        children: dict[int, list[int]] = {}
        for row in self.rows.values():
            children.setdefault(row.parent, []).append(row.pid)
        found: dict[int, None] = {}
        level = list(pids)
        while level:
            level = [child for pid in level for child in children.get(pid, ()) if child not in found]
            found.update(dict.fromkeys(level))
        return list(found)


def read(variable: bytes | None = None) -> Table:
    """The table as it is now, row by row; `variable` is `name=value`, asked of each with its row."""
    rows: dict[int, Process] = {}
    marked = []
    whole = True
    for pid in pids():
        row = one(pid)
        if row is None:
            whole = False
            continue
        rows[pid] = row
        if row.lives and variable is not None and _is_marked(pid, variable):
            marked.append(pid)
    return Table(rows, sorted(marked), whole)


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


def above(pid: int) -> Iterator[int]:
    """The ancestors of a process, nearest first."""
    row = one(pid)
    while row is not None and row.parent > 0:
        yield row.parent
        row = one(row.parent)


def environment(pid: int) -> bytes:
    """The variables that a process was started with, NUL before, between and after; `\\0` where withheld."""
    if not processes.PROC.is_dir():
        return _environment_by_psutil(pid)
    try:
        return b"\0" + (processes.PROC / str(pid) / "environ").read_bytes()
    except WITHHELD:
        return b"\0"


def command(pid: int) -> bytes:
    """The command line of a process, NUL after each argument; empty where it has none or it is withheld."""
    if not processes.PROC.is_dir():
        return _command_by_psutil(pid)
    try:
        return (processes.PROC / str(pid) / "cmdline").read_bytes()
    except WITHHELD:
        return b""


def directory(pid: int) -> Path | None:
    """The working directory of a process; None where it is gone or withheld."""
    if not processes.PROC.is_dir():
        return _directory_by_psutil(pid)
    try:
        return (processes.PROC / str(pid) / "cwd").readlink()
    except WITHHELD:
        return None


def _is_marked(pid: int, variable: bytes) -> bool:
    return b"\0" + variable + b"\0" in environment(pid) and _owner(pid) == os.getuid()


def _owner(pid: int) -> int | None:
    """The real user id of a process; None where it is gone."""
    if not processes.PROC.is_dir():
        return _owner_by_psutil(pid)
    try:
        status = (processes.PROC / str(pid) / "status").read_bytes()
    except GONE:
        return None
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(b"Uid:"))


def pids() -> list[int]:
    """The numbers of all processes, the youngest first: who lives for a moment only is met in that moment.

    Of a program that went on from process to process by forking, 1 look in 3 met one, none in rising order.
    """
    if not processes.PROC.is_dir():
        import psutil  # 20 ms, and only where there is no /proc

        return sorted(psutil.pids(), reverse=True)
    pids = [int(entry.name) for entry in processes.PROC.iterdir() if entry.name.isdecimal()]
    last = int((processes.PROC / "loadavg").read_bytes().split()[4])
    return sorted(pids, key=lambda pid: (pid > last, -pid))


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


def _command_by_psutil(pid: int) -> bytes:
    import psutil

    try:
        return b"".join(os.fsencode(argument) + b"\0" for argument in psutil.Process(pid).cmdline())
    except (psutil.Error, OSError):
        return b""


def _directory_by_psutil(pid: int) -> Path | None:
    import psutil

    try:
        return Path(psutil.Process(pid).cwd())
    except (psutil.Error, OSError):
        return None


def _owner_by_psutil(pid: int) -> int | None:
    import psutil

    try:
        return int(psutil.Process(pid).uids().real)
    except psutil.Error:
        return None
