"""The one lock of a repository's coordination state: flock(2), first come, first served."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ccc.errors import Refused, StoreBusy
from ccc.layout import make_folder
from ccc.store.disk import naming

TIMEOUT = 10.0


@contextmanager
def locked(path: Path, timeout: float = TIMEOUT) -> Iterator[None]:
    """Holds the lock file `path`, waiting at most `timeout` seconds.

    Raises StoreBusy that names the holder, Refused where the folder cannot be written.
    """
    descriptor = _acquire(path, timeout)
    try:
        _say_who_holds(path)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def locked_for_once(path: Path, timeout: float = TIMEOUT) -> Iterator[None]:
    """Like `locked`, and nothing of the lock stays: whoever waits for it notices that, and makes it anew."""
    with locked(path, timeout):
        try:
            yield
        finally:
            for each in (path, _holder_file(path)):
                each.unlink(missing_ok=True)


@contextmanager
def in_turn(path: Path, timeout: float = TIMEOUT) -> Iterator[bool]:
    """Holds the lock for work that one process does for all: at most one more waits for its turn.

    False where somebody waits already, who will see everything that is there now. Raises as `locked` does.
    """
    try:
        place = _acquire(path.with_name(f"{path.name}.next"), 0.0)
    except StoreBusy:
        yield False
        return
    try:
        descriptor = _acquire(path, timeout)
    finally:
        os.close(place)
    try:
        _say_who_holds(path)
        yield True
    finally:
        os.close(descriptor)


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


def _acquire(path: Path, timeout: float) -> int:
    """The descriptor that holds the lock until it is closed."""
    try:
        while True:
            descriptor = _opened(path)
            try:
                held = _lock(descriptor, timeout)
                if held and _is_there(path, descriptor):
                    return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)
            if not held:
                break
    except PermissionError as error:
        raise Refused(f"{path} cannot be written", "run ccc as the owner of the repository") from error
    except FileNotFoundError as error:
        raise Refused(f"{path.parent} is gone", "was the repository moved, or deleted?") from error
    who = holder(path)
    by = f"by process {who}" if who else "by another process"
    raise StoreBusy(f"the state is locked {by} for more than {timeout:g} s", "try again")


def _opened(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o666)
    except FileNotFoundError:
        make_folder(path.parent)
        return os.open(path, flags, 0o666)


def _is_there(path: Path, descriptor: int) -> bool:
    """Whether it is still the file of that name that is locked: somebody may have removed it."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _lock(descriptor: int, timeout: float) -> bool:
    """Whether the file was locked in time.

    The system wakes who has waited longest. Where 32 writers try again and again instead, some of them give
    up on a busy machine. It knows no time limit, so a thread waits, with a copy of the descriptor: whoever
    gives up leaves that behind.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        if timeout <= 0.0:
            return False
        waiter = _Waiter(descriptor)
        waiter.start()
        waiter.join(timeout)
        return waiter.got_it
    return True


class _Waiter(threading.Thread):
    """Waits for a lock that others hold."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(daemon=True)
        self._descriptor = os.dup(descriptor)
        self.got_it = False

    def run(self) -> None:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            self.got_it = True
        finally:
            os.close(self._descriptor)


def _holder_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.holder")
