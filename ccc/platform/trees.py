"""Process trees: what belongs to one, ending or halting all of it.

Engine tools live in process sessions of their own and survive the end of a process group; a daemon that
forked twice has no living parent. So members are found by three marks: descent, the subreaper that inherits
orphans, and a variable in the environment that they were started with.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Container, Iterable
from contextlib import suppress
from pathlib import Path

from ccc.platform import processes, table
from ccc.platform.table import Process, Table
from ccc.records import dataclass

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
LAST_RESORT_SECONDS = 5.0
"""How long KILL is repeated for what keeps coming."""

KILL_POLL_SECONDS = 0.002
LOOKS, LOOK_SECONDS = 20, 1.0
"""When "nobody" is believed on a machine where processes end all the time; else two looks are enough."""

HALTING_ROUNDS = 50
"""What is being started while a tree is halted is found in the next round; two are enough for most."""


def become_subreaper() -> bool:
    """Makes this process inherit the orphans of its tree; False where the system has no such thing."""
    prctl = _library_prctl()
    return prctl is not None and prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0


def die_with_parent(sign: int = signal.SIGKILL) -> Callable[[], None]:
    """A `preexec_fn`: the child gets `sign` when its parent dies, however that happens.

    Linux means by parent the thread that forked: start the child from one that stays. Where the system has no
    such thing it does nothing.
    """
    prctl, parent = _library_prctl(), os.getpid()

    def prepare() -> None:
        if prctl is not None:
            prctl(PR_SET_PDEATHSIG, int(sign), 0, 0, 0)
            if os.getppid() != parent:  # it died before the line above
                os._exit(1)

    return prepare


def descendants(pid: int) -> list[int]:
    """All living processes below one, parents before their children."""
    everybody = table.read()
    return [each for each in everybody.below([pid]) if everybody.rows[each].lives]


def marked(name: str, value: str) -> list[int]:
    """The other living processes of this user that were started with `name=value` in their environment."""
    return [pid for pid in table.read(os.fsencode(f"{name}={value}")).marked if pid != os.getpid()]


def marked_above(name: str) -> int | None:
    """The nearest process above this one that was started with the variable `name`; None where none was."""
    wanted = b"\0" + os.fsencode(name) + b"="
    return next((pid for pid in table.above(os.getpid()) if wanted in table.environment(pid)), None)


def working_in(folder: Path) -> list[int]:
    """The living processes, of those that may be looked at, whose working directory is in a folder."""
    real = folder.resolve()
    return [
        pid for pid in table.pids() if (at := table.directory(pid)) is not None and at.is_relative_to(real)
    ]


def running_above(part: bytes) -> int | None:
    """The nearest process above this one whose command line (a NUL after each argument) holds `part`."""
    return next((pid for pid in table.above(os.getpid()) if part in table.command(pid)), None)


def variable(pid: int, name: str) -> str | None:
    """A variable that a process was started with; None where it has none, is gone, or is not ours to read."""
    start = os.fsencode(name) + b"="
    for entry in table.environment(pid).split(b"\0"):
        if entry.startswith(start):
            return os.fsdecode(entry[len(start) :])
    return None


@dataclass(frozen=True)
class Tree:
    """The processes of one run.

    `root` is the identity (`pid start boot`) of its first process, `marker` the variable that all of them
    were started with, `reaper` a living process whose descendants all belong to it. Whatever speaks for it,
    `keep` do not belong to it, nor do those whose command line ends in one of `apart` or holds `stranger` (a
    NUL after each argument), nor who is below these. That prevents accidents: who wants to be apart can call
    itself so.
    """

    root: str | None
    marker: tuple[str, str]
    reaper: int | None = None
    keep: frozenset[int] = frozenset()
    apart: tuple[bytes, ...] = ()
    stranger: bytes | None = None

    def members(self) -> list[int]:
        """Whoever of the tree lives, the root first; never this process or one above it."""
        return [row.pid for row in _look(self).living]

    def end(self, grace: float, poll: float = 0.02, spare: Container[int] = ()) -> list[int]:
        """Ends all of it: TERM, up to `grace` seconds, then KILL until none is left; gives who could not be.

        What a member starts to clean up gets all of the grace, and TERM once all who were asked are gone.
        Collects the exit status of its own children except those in `spare`.
        """
        ending = _Ending(self, spare)
        if not ending.repeat(ending.ask, grace, poll):
            ending.repeat(ending.kill, LAST_RESORT_SECONDS, KILL_POLL_SECONDS)
        return ending.left


def suspend(tree: Tree) -> list[int]:
    """Halts all of a tree, parents first; gives who could not be halted."""
    return _spread(tree, signal.SIGSTOP, backwards=False)


def carry_on(tree: Tree) -> list[int]:
    """Lets a halted tree go on, children first; gives who could not be told."""
    return _spread(tree, signal.SIGCONT, backwards=True)


def carry_on_below(pids: Iterable[int]) -> None:
    """Lets some processes go on, and all below them, children first."""
    everybody = table.read()
    first = [pid for pid in pids if pid in everybody.rows]
    _send([everybody.rows[pid] for pid in reversed([*first, *everybody.below(first)])], signal.SIGCONT)


def weight(pid: int, *, apart: tuple[bytes, ...] = ()) -> tuple[int, int]:
    """Resident bytes of all that lives below a process, and how many that are; pages shared count for each.

    `apart` are ends of command lines (a NUL after each argument) of who does not count.
    """
    members = [each for each in descendants(pid) if not (apart and table.command(each).endswith(apart))]
    sizes = [size for each in members if (size := memory(each)) is not None]
    return sum(sizes), len(sizes)


def memory(pid: int) -> int | None:
    """Resident memory in bytes; None where the process is gone."""
    try:
        pages = (processes.PROC / str(pid) / "statm").read_bytes().split()[1]
    except table.GONE:
        return None if processes.PROC.is_dir() else _memory_by_psutil(pid)
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float | None:
    """Processor time used by one process and its children that it waited for; None where it is gone."""
    try:
        stat = (processes.PROC / str(pid) / "stat").read_bytes()
    except table.GONE:
        return None if processes.PROC.is_dir() else _cpu_by_psutil(pid)
    ticks = stat[stat.rindex(b")") + 2 :].split()[11:15]
    return sum(int(each) for each in ticks) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class _Look:
    """A tree as it was seen: its rows, the root first, and those of everybody."""

    rows: list[Process]
    table: Table

    @property
    def living(self) -> list[Process]:
        return [row for row in self.rows if row.lives]

    @property
    def groups(self) -> list[int]:
        """The process groups of the tree in which nobody else lives."""
        members = {row.pid for row in self.rows}
        shared = {row.group for row in self.table.rows.values() if row.lives and row.pid not in members}
        return [group for group in {row.group for row in self.living} - shared if group > 1]


def _look(tree: Tree) -> _Look:
    """A look at a tree; "nobody" is said only if twice nobody was there and nobody died in between.

    Who is just executing a program has no environment for a moment, and the children of who dies while the
    table is read may not be in it, or not be seen to be children.
    """
    until = time.monotonic() + LOOK_SECONDS
    look = _look_once(tree)
    for _ in range(LOOKS):
        if look.living or time.monotonic() > until:
            break
        dead = look.table.dead
        look = _look_once(tree)
        if look.table.whole and look.table.dead <= dead:
            break
    return look


def _look_once(tree: Tree) -> _Look:
    everybody = table.read(os.fsencode("=".join(tree.marker)))
    found = [*_root(tree.root, everybody), *everybody.marked]
    above = [] if tree.reaper is None else [tree.reaper]
    found += everybody.below([*found, *above])
    own = os.getpid()
    keep = {*tree.keep, *(pid for pid in found if _is_apart(tree, pid))}
    never = {own, *table.above(own), *keep, *everybody.below(keep)}
    return _Look([everybody.rows[pid] for pid in dict.fromkeys(found) if pid not in never], everybody)


def _is_apart(tree: Tree, pid: int) -> bool:
    """Whether a process is nobody's tool by its command line, whoever is above it."""
    if not tree.apart and tree.stranger is None:
        return False
    command = table.command(pid)
    return command.endswith(tree.apart) or (tree.stranger is not None and tree.stranger in command)


def _root(identity: str | None, everybody: Table) -> list[int]:
    """The process of an identity, if it is still the same one."""
    pid, _, rest = (identity or "").partition(" ")
    row = everybody.rows.get(int(pid)) if pid.isdecimal() else None
    return [row.pid] if row is not None and rest == f"{row.start} {processes.boot_id()}" else []


class _Ending:
    """The end of one tree: who was seen of it, who was asked to go, and who is `left`."""

    def __init__(self, tree: Tree, spare: Container[int]) -> None:
        self._tree, self._spare = tree, spare
        self._seen: set[tuple[int, str]] = set()
        self._asked: set[tuple[int, str]] = set()
        self.left: list[int] = []

    def repeat(self, act: Callable[[_Look], None], seconds: float, poll: float) -> bool:
        """Acts on the tree until nobody of it lives; whether that was in time."""
        until = time.monotonic() + seconds
        while True:
            look = _look(self._tree)
            self._seen |= {row.key for row in look.rows}
            self.left = [row.pid for row in look.living]
            act(look)
            self._collect(look)
            if not self.left or time.monotonic() >= until:
                return not self.left
            time.sleep(poll)

    def ask(self, look: _Look) -> None:
        """TERM to all, and CONT for those that are halted; to later ones when all who were asked are gone."""
        keys = {row.key for row in look.living}
        if keys.isdisjoint(self._asked):
            self._asked |= keys
            _send(look.living, signal.SIGTERM)
            _send(look.living, signal.SIGCONT)

    def kill(self, look: _Look) -> None:
        """KILL to whole groups first: nobody escapes that by forking.

        One by one, who forks and ends faster than the table is read is always a process ahead.
        """
        for group in look.groups:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGKILL)
        _send(look.living, signal.SIGKILL)

    def _collect(self, look: _Look) -> None:
        """Takes the exit status of the tree's dead that are children of this process."""
        for row in look.table.rows.values():
            if row.lives or row.parent != os.getpid() or row.pid in self._spare or row.key not in self._seen:
                continue
            with suppress(ChildProcessError):
                os.waitpid(row.pid, os.WNOHANG)


def _spread(tree: Tree, sign: signal.Signals, *, backwards: bool) -> list[int]:
    told: set[tuple[int, str]] = set()
    refused: list[int] = []
    for _ in range(HALTING_ROUNDS):
        fresh = [row for row in _look(tree).living if row.key not in told]
        if not fresh:
            break
        told |= {row.key for row in fresh}
        refused += _send(reversed(fresh) if backwards else fresh, sign)
    return refused


def _send(rows: Iterable[Process], sign: signal.Signals) -> list[int]:
    """A signal to those who are still the same; gives who may not be signalled."""
    refused = []
    for row in rows:
        now = table.one(row.pid)
        if now is None or now.key != row.key:
            continue
        try:
            os.kill(row.pid, sign)
        except ProcessLookupError:
            continue
        except PermissionError:
            refused.append(row.pid)
    return refused


def _library_prctl() -> Callable[..., int] | None:
    """libc's prctl, looked up before any fork; None where there is none."""
    import ctypes  # 4 ms, and only hosts need it

    try:
        prctl = ctypes.CDLL(None).prctl
    except (AttributeError, OSError):
        return None
    prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
    found: Callable[..., int] = prctl
    return found


def _memory_by_psutil(pid: int) -> int | None:
    import psutil  # only where there is no /proc

    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return None


def _cpu_by_psutil(pid: int) -> float | None:
    import psutil

    try:
        return float(sum(psutil.Process(pid).cpu_times()[:4]))
    except psutil.Error:
        return None
