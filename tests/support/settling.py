"""Waiting for what ccc does in the background, or keeping it waiting."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ccc.layout import Layout
from ccc.ops.background import DRAIN_LOCK
from ccc.platform import table
from ccc.runs.drain import COMMAND_LINES
from ccc.store.lock import locked
from tests.support.agents import PATIENCE, until
from tests.support.repository import Repo

LOOKS, BETWEEN = 3, 0.05
"""So many looks in a row that meet nobody, and the seconds between them: one look misses who is started after
the list of processes was read by one that ends before its own turn, and who is just becoming a program."""


@contextmanager
def still(repo: Repo) -> Iterator[None]:
    """No background process of ccc changes anything here meanwhile, so that the repository can be copied."""
    layout = Layout(repo.common)
    with ExitStack() as stack:
        for lock in (layout.root / DRAIN_LOCK, layout.worker_lock, layout.lock):
            stack.enter_context(locked(lock, timeout=30))
        yield


def settle(repo: Repo) -> None:
    """Waits until no background process of ccc is at work here."""
    with still(repo):
        pass


def until_none(look: Callable[[], Collection[object]], what: str) -> None:
    """Waits until several looks in a row find nobody; fails saying what never came, and who is there."""
    end, empty = time.monotonic() + PATIENCE, 0
    while empty < LOOKS:
        found = look()
        assert not found or time.monotonic() < end, f"never came: {what}; there is still {found}"
        empty = 0 if found else empty + 1
        time.sleep(BETWEEN)


def alone(repo: Repo) -> None:
    """Waits until every background process of ccc here has ended: one that settled may still do something.

    That is, each with the repository in its command line, but for this process and what it keeps, such as a
    git that answers it. Nobody comes later by what was done before; another hook or command may start
    somebody again. An agent's host is such a process, too.
    """
    common = os.fsencode(repo.common)
    until_none(lambda: _at_work(common), "the end of all background work")


def _at_work(common: bytes) -> dict[int, bytes]:
    """The processes in question with their command lines; of the dead it is empty.

    A background process counts whoever its parent is: in a container that may be this one.
    """
    lines = {pid: table.command(pid) for pid in table.pids() if pid != os.getpid()}
    found = {pid: line for pid, line in lines.items() if common in line}
    kept = table.read().below([os.getpid()]) if found else ()
    return {pid: line for pid, line in found.items() if pid not in kept or line.endswith(COMMAND_LINES)}


@contextmanager
def unattended(repo: Repo) -> Iterator[None]:
    """Whatever the block starts in the background does what is due, and all of it has ended at its end.

    A drain stays for seconds, in case that more comes, only where it has the lock that is held here.
    """
    with locked(Layout(repo.common).root / DRAIN_LOCK, timeout=30):
        yield
        alone(repo)


def stand_in_line(process: subprocess.Popen[str], lock: Path) -> None:
    """Waits until a process waits for a lock of store/lock.py that is held here.

    Who comes later is behind it: the system wakes who has waited longest. Only who asks at the very moment in
    which the lock is let go could still be quicker.
    """

    def waits() -> bool:
        assert process.poll() is None, f"it ended with {process.returncode} and did not wait for {lock}"
        return process.pid in waiting_for(lock)

    until(waits, f"a process that waits for {lock}")


def waiting_for(lock: Path) -> list[int]:
    """The processes that wait for a flock(2) on a file; by inode, as platform/locks.py."""
    inode = str(lock.stat().st_ino)
    rows = [row.split() for row in Path("/proc/locks").read_text(encoding="ascii").splitlines()]
    # "1: FLOCK  ADVISORY  WRITE 1234 fd:01:5678 0 EOF" holds it; "1: -> FLOCK  ADVISORY  WRITE 99 ..." waits
    waits = [row[2:] for row in rows if row[1:3] == ["->", "FLOCK"]]
    return [int(row[3]) for row in waits if row[4].rpartition(":")[2] == inode]
