"""Waking the process that records what waits in the journal, or starting one."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

from ccc.layout import Layout
from ccc.runs import detached

COMMAND_LINES = (b"/ccc/drain\0", b"\0drain\0--background\0", b"\0--lookout\0", b"\0--free\0--gates\0")
"""How the command line of a background drain ends: as its script, and as what that turns into; and those of
the lookout and of the worker of gates. Who counts or ends the processes of an agent leaves these alone."""


def ring(layout: Layout) -> bool:
    """Rings the bell of a drain that listens; False where none does."""
    try:
        bell = os.open(layout.root / "drain.fifo", os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return False
    with contextlib.suppress(OSError):
        os.write(bell, b".")
    os.close(bell)
    return True


def wake(layout: Layout) -> None:
    """Rings the bell of the drain, or starts one where none listens."""
    if not ring(layout):
        start(layout)


def start(layout: Layout) -> None:
    """Starts the background drain with every descriptor redirected; does not wait for it."""
    with contextlib.suppress(OSError):
        detached.start([str(layout.drain_script)])


def held(lock: Path) -> bool:
    """Whether a process holds a lock of store/lock.py, asked without waiting.

    Who comes to take the lock in the very moment of the question gives up; then the asker does the work.
    """
    try:
        descriptor = os.open(lock, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def holder(lock: Path) -> int | None:
    """The process that holds a lock of store/lock.py now; None where nobody does.

    As the system says, else by the file that the holder writes once it has the lock.
    """
    if not held(lock):
        return None
    from ccc.platform import locks  # 2 ms, for who halts or ends others

    found = locks.holders(lock)
    if found:
        return found[0]
    try:
        text = lock.with_name(f"{lock.name}.holder").read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    return int(text) if text.isdecimal() else None
