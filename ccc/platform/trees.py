"""Process trees: what belongs to one, ending all of it, halting it; Linux by `/proc`, elsewhere by psutil.

Engine tools live in process sessions of their own and survive the end of a process group; a daemon that forked
twice has no living parent. So members are found by three marks: descent, the subreaper that inherits orphans,
and a variable in the environment that they were started with.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Container, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ccc.platform import processes

PROC = Path("/proc")
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
LAST_RESORT_SECONDS = 5.0
"""How long KILL is repeated for what keeps coming."""


def become_subreaper() -> bool:
    """Makes this process inherit the orphans of its tree; False where the system has no such thing."""
    return _prctl(PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(sign: int = signal.SIGKILL) -> Callable[[], None]:
    """A `preexec_fn`: the child gets `sign` when its parent dies, however that happens. Elsewhere: nothing."""
    prctl, parent = _library_prctl(), os.getpid()

    def prepare() -> None:
        if prctl is not None:
            prctl(PR_SET_PDEATHSIG, sign, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

    return prepare


def descendants(pid: int) -> list[int]:
    """All living processes below one, parents before their children."""
    children: dict[int, list[int]] = {}
    for child, parent in _parents():
        children.setdefault(parent, []).append(child)
    found: list[int] = []
    level = [pid]
    while level:
        level = [child for each in level for child in children.get(each, ())]
        found += level
    return found


def marked(name: str, value: str) -> list[int]:
    """The living processes of this user that were started with `name=value` in their environment."""
    wanted = b"\0" + os.fsencode(f"{name}={value}") + b"\0"
    own = os.getpid()
    return [pid for pid in _all() if pid != own and wanted in b"\0" + _environment(pid) and _lives(pid)]


@dataclass(frozen=True)
class Tree:
    """The processes of one run.

    `root` is the identity (`pid start boot`) of its first process, `marker` the variable that all of them
    were started with, `reaper` a process whose descendants all belong to it. `keep` are process ids that do
    not, whatever speaks for it.
    """

    root: str | None
    marker: tuple[str, str]
    reaper: int | None = None
    keep: frozenset[int] = frozenset()

    def members(self) -> list[int]:
        """Whoever of the tree lives, the root first; never this process or one above it."""
        found: dict[int, None] = {}
        if self.root is not None and processes.alive(self.root):
            found[int(self.root.split(" ")[0])] = None
        for pid in marked(*self.marker):
            found[pid] = None
        for pid in list(found):
            found.update(dict.fromkeys(descendants(pid)))
        if self.reaper is not None:
            found.update(dict.fromkeys(descendants(self.reaper)))
        never = {os.getpid(), *_ancestors(), *self.keep}
        return [pid for pid in found if pid not in never]

    def end(self, grace: float, poll: float = 0.02, spare: Container[int] = ()) -> list[int]:
        """Ends all of it: TERM, up to `grace` seconds, then KILL until nobody is left; who could not be ended.

        Collects the exit status of its own children except those in `spare`.
        """
        self._signal(signal.SIGTERM, signal.SIGCONT)
        self._wait(time.monotonic() + grace, poll, spare, None)
        return self._wait(time.monotonic() + LAST_RESORT_SECONDS, poll, spare, signal.SIGKILL)

    def _wait(
        self, until: float, poll: float, spare: Container[int], sign: signal.Signals | None
    ) -> list[int]:
        while members := self.members():
            if time.monotonic() >= until:
                return members
            if sign is not None:
                self._signal(sign)
            _reap(members, spare)
            time.sleep(poll)
        return []

    def _signal(self, *signs: signal.Signals) -> None:
        known = [(pid, processes.start_of(pid)) for pid in self.members()]
        for pid, start in known:
            if start is None or processes.start_of(pid) != start:
                continue
            for sign in signs:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, sign)


def suspend(tree: Tree) -> None:
    """Halts all of a tree; twice, for what was just being started."""
    for _ in range(2):
        tree._signal(signal.SIGSTOP)


def carry_on(tree: Tree) -> None:
    """Lets a halted tree go on."""
    tree._signal(signal.SIGCONT)


def memory(pid: int) -> int | None:
    """Resident memory in bytes; None where the process is gone."""
    if not PROC.is_dir():
        return _by_psutil(pid, lambda process: int(process.memory_info().rss))
    try:
        pages = (PROC / str(pid) / "statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return None
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float | None:
    """Processor time used by one process and its children that it waited for; None where it is gone."""
    fields = _stat(pid)
    if fields is None:
        return (
            _by_psutil(pid, lambda process: float(sum(process.cpu_times()[:2])))
            if not PROC.is_dir()
            else None
        )
    return sum(int(fields[index]) for index in (11, 12, 13, 14)) / os.sysconf("SC_CLK_TCK")


def _all() -> Iterator[int]:
    if not PROC.is_dir():
        import psutil  # only where there is no /proc

        yield from psutil.pids()
        return
    for entry in PROC.iterdir():
        if entry.name.isdecimal():
            yield int(entry.name)


def _stat(pid: int) -> list[str] | None:
    """The fields of `/proc/<pid>/stat` after the name: state, ppid, ..."""
    try:
        text = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()


def _parents() -> Iterator[tuple[int, int]]:
    """(process, parent) of everybody who lives; what is dead and not yet collected does not."""
    for pid in _all():
        fields = _stat(pid)
        if fields is not None and fields[0] not in "ZX":
            yield pid, int(fields[1])
        elif fields is None and not PROC.is_dir():
            parent = _by_psutil(pid, lambda process: int(process.ppid()))
            if parent is not None:
                yield pid, int(parent)


def _ancestors() -> Iterator[int]:
    pid = os.getppid()
    while pid > 1:
        yield pid
        fields = _stat(pid)
        if fields is None:
            return
        pid = int(fields[1])


def _environment(pid: int) -> bytes:
    try:
        return (PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return b""


def _lives(pid: int) -> bool:
    return processes.start_of(pid) is not None


def _reap(members: list[int], spare: Container[int]) -> None:
    """Collects the exit status of children of ours among them."""
    for pid in members:
        if pid not in spare:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def _by_psutil(pid: int, ask: Callable[[object], object]) -> object:
    import psutil  # only where there is no /proc

    try:
        return ask(psutil.Process(pid))
    except psutil.Error:
        return None


def _library_prctl() -> Callable[..., int] | None:
    """libc's prctl, looked up before any fork; None where there is none."""
    import ctypes  # 4 ms, and only hosts need it

    try:
        found: Callable[..., int] = ctypes.CDLL(None, use_errno=True).prctl
    except (AttributeError, OSError):
        return None
    return found


def _prctl(option: int, value: int) -> bool:
    prctl = _library_prctl()
    return prctl is not None and prctl(option, value, 0, 0, 0) == 0
