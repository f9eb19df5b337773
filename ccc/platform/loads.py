"""What trees of processes use of the machine; Linux by `/proc`, elsewhere by psutil."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ccc.platform import processes, table
from ccc.platform.table import Table


@dataclass(frozen=True, slots=True)
class Load:
    """Of some processes: how many live, processor seconds, resident bytes, when the oldest began.

    Pages that several share count for each. `since` is seconds since 1970, None where nobody is there.
    `roots` are the seconds of those whose parent is none of them, by pid and start: with such a one all
    that it ever used leaves, for what others used stays with whoever waited for them.
    """

    count: int = 0
    seconds: float = 0.0
    memory: int = 0
    since: float | None = None
    roots: Mapping[tuple[int, str], float] = field(default_factory=dict)

    def used_since(self, before: Load) -> float:
        """Processor seconds since an earlier look."""
        left = sum(seconds for key, seconds in before.roots.items() if key not in self.roots)
        return max(0.0, self.seconds - (before.seconds - left))


@dataclass(frozen=True, slots=True)
class Loads:
    """Of one run: its host alone, and all that it started."""

    host: Load
    tree: Load


@dataclass(frozen=True, slots=True)
class _Row:
    """One process: its own seconds, those of children it waited for, resident bytes, its beginning."""

    own: float
    waited: float
    memory: int
    since: float


def of_runs(
    hosts: Mapping[str, int | None], variable: str, apart: tuple[bytes, ...] = ()
) -> dict[str, Loads]:
    """What each run uses now; `hosts` names a run by the value of `variable` that its processes began with.

    Found by descent from the host, which inherits orphans, else by the variable. `apart` are ends of command
    lines (a NUL after each argument) of who belongs to no run, nor do those below them.
    """
    everybody = table.read()
    members = {run: _below(everybody, [] if host is None else [host]) for run, host in hosts.items()}
    known = {pid for found in members.values() for pid in found} | {host for host in hosts.values() if host}
    for run, pid in _marked(everybody, variable, hosts, known):
        members[run] |= {pid, *_below(everybody, [pid])}
    others = {host for host in hosts.values() if host is not None}
    own = {run: _without_others(everybody, found, others, apart) for run, found in members.items()}
    return {run: _loads(everybody, host, own[run]) for run, host in hosts.items()}


def _below(everybody: Table, pids: list[int]) -> set[int]:
    return {pid for pid in everybody.below(pids) if everybody.rows[pid].lives}


def _marked(everybody: Table, variable: str, wanted: Iterable[str], known: set[int]) -> list[tuple[str, int]]:
    """Living processes that descent did not find, with the run that they say they belong to."""
    start = b"\0" + os.fsencode(variable) + b"="
    names = {os.fsencode(run): run for run in wanted}
    found = []
    for pid, row in everybody.rows.items():
        if row.lives and pid not in known:
            _, marker, rest = table.environment(pid).partition(start)
            run = names.get(rest.partition(b"\0")[0]) if marker else None
            if run is not None:
                found.append((run, pid))
    return found


def _without_others(
    everybody: Table, members: set[int], hosts: set[int], ends: tuple[bytes, ...]
) -> set[int]:
    """Without hosts of other runs, which an agent of this one may have started, and without `apart`."""
    apart = {pid for pid in members if ends and table.command(pid).endswith(ends)}
    left = apart | (members & hosts)
    return members - left - set(everybody.below(left))


def _loads(everybody: Table, host: int | None, members: set[int]) -> Loads:
    rows = {everybody.rows[pid]: row for pid in members if (row := _row(pid)) is not None}
    own = None if host is None else _row(host)
    alone = Load() if own is None else Load(1, own.own, own.memory, own.since)
    return Loads(
        alone,
        Load(
            len(rows),
            sum(row.own + row.waited for row in rows.values()),
            sum(row.memory for row in rows.values()),
            min((row.since for row in rows.values()), default=None),
            {who.key: row.own + row.waited for who, row in rows.items() if who.parent not in members},
        ),
    )


def _row(pid: int) -> _Row | None:
    """One process as it is now; None where it is gone."""
    if not processes.PROC.is_dir():
        return _row_by_psutil(pid)
    try:
        stat = (processes.PROC / str(pid) / "stat").read_bytes()
        up = float((processes.PROC / "uptime").read_bytes().split()[0])
    except table.GONE:
        return None
    fields = [int(each) for each in stat[stat.rindex(b")") + 2 :].split()[11:22]]
    ticks = os.sysconf("SC_CLK_TCK")
    return _Row(
        own=(fields[0] + fields[1]) / ticks,
        waited=(fields[2] + fields[3]) / ticks,
        memory=fields[10] * os.sysconf("SC_PAGE_SIZE"),
        since=time.time() - up + fields[8] / ticks,
    )


def _row_by_psutil(pid: int) -> _Row | None:
    import psutil  # only where there is no /proc

    try:
        process = psutil.Process(pid)
        with process.oneshot():
            times = process.cpu_times()
            memory, since = int(process.memory_info().rss), float(process.create_time())
    except psutil.Error:
        return None
    waited = getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
    return _Row(float(times.user + times.system), float(waited), memory, since)
