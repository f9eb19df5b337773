"""The one lock of a repository's coordination state; the only importer of filelock (55 ms)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from ccc.errors import Refused, StoreBusy
from ccc.store.disk import naming

POLL = 0.001
"""Seconds between two attempts; filelock's own are 50 ms apart."""

TIMEOUT = 10.0


@contextmanager
def locked(path: Path, timeout: float = TIMEOUT) -> Iterator[None]:
    """Holds the lock file `path`, waiting at most `timeout` seconds.

    Raises StoreBusy that names the holder, Refused where the folder cannot be written.
    """
    lock = _acquire(path, timeout)
    try:
        _say_who_holds(path)
        yield
    finally:
        lock.release()


def _say_who_holds(path: Path) -> None:
    descriptor = os.open(_holder_file(path), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    try:
        with naming(_holder_file(path)):
            os.write(descriptor, b"%d\n" % os.getpid())
    finally:
        os.close(descriptor)


def holder(path: Path) -> int | None:
    """The process id that took the lock last; None where nobody has."""
    try:
        text = _holder_file(path).read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    return int(text) if text.isdecimal() else None


def _acquire(path: Path, timeout: float) -> filelock.BaseFileLock:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(path)
        lock.acquire(timeout=timeout, poll_interval=POLL)
    except filelock.Timeout as error:
        who = holder(path)
        by = f"by process {who}" if who else "by another process"
        raise StoreBusy(f"the state is locked {by} for more than {timeout:g} s", "try again") from error
    except PermissionError as error:
        raise Refused(f"{path} cannot be written", "run ccc as the owner of the repository") from error
    return lock


def _holder_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.holder")
