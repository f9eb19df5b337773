"""`python -m ccc.host COMMON SESSION RUN`: detaches itself and hosts that run."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
import time
import traceback
from pathlib import Path

from ccc.host.host import Host
from ccc.layout import Layout
from ccc.platform import processes
from ccc.runs import hosts
from ccc.runs.files import SessionFiles
from ccc.runs.order import Order

TAKEN, UNREADABLE, ORPHANED = 3, 4, 5
"""Exit codes for whoever started us: another host holds the lock; the order cannot be read; who started us is
gone, so that its place in the queue may be another's by now."""

TAKE_SECONDS = 1.0
"""Who only asks whether the lock is held has it for a moment."""


def main(argv: list[str]) -> int:
    """Takes the session's lock, says so by its exit code, and goes on as a process of its own."""
    layout, session, run = Layout(Path(argv[0])), argv[1], int(argv[2])
    files = SessionFiles.of(layout, session)
    order = Order.read(files.run(run))
    if order is None:
        return UNREADABLE
    lock = os.open(files.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if not _taken(lock):
        return TAKEN
    if not processes.alive(order.starter):
        return ORPHANED
    if os.fork():
        os._exit(0)
    os.setsid()
    _detach(files.run(run).host_errors)
    try:
        Host(layout, order, lock).run()
    except BaseException:
        with contextlib.suppress(OSError):
            traceback.print_exc()
        raise
    finally:
        hosts.take_off(layout, session, run)
    return 0


def _taken(lock: int) -> bool:
    """Whether the session's lock is ours now."""
    until = time.monotonic() + TAKE_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(0.01)
        else:
            return True


def _detach(errors: Path) -> None:
    """No terminal, no pipes of the caller: what goes wrong is written beside the run."""
    nothing = os.open(os.devnull, os.O_RDWR)
    try:
        faults = os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError:
        faults = nothing
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.dup2(faults, 2)
    os.chdir("/")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
