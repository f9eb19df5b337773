"""Whether a run is still the one that counts; a host that stood still for long may have been replaced.

What belongs to a run is written to its own folder and its own cell (`run.<n>`), so whatever a replaced host
wrote before it noticed is nobody else's. From the moment it notices it writes nothing any more.
"""

from __future__ import annotations

import fcntl
import os
import time
from typing import TYPE_CHECKING

from ccc.runs.files import RunFiles, SessionFiles

if TYPE_CHECKING:
    from ccc.host.host import Host

LOOK_SECONDS = 2.0


class Fence:
    """Guards one run: its folder, its number, the session's lock (an open, locked descriptor)."""

    def __init__(self, session: SessionFiles, run: int, lock: int, *, seconds: float = LOOK_SECONDS) -> None:
        self._session, self._run, self._lock = session, run, lock
        self._files = session.run(run)
        self._seconds, self._looked = seconds, time.monotonic()
        self._more: list[int] = []

    def shuts_out(self, host: Host) -> bool:
        """Whether the run no longer counts; then its host ends its tree and writes nothing any more."""
        breach = self.breach()
        if breach is not None:
            host.fenced = True
            host.end("lost", breach)
        return breach is not None

    def breach(self) -> str | None:
        """Why this run no longer counts; None while it does. Looks at most every so many seconds.

        A process that was halted sees so in its first step, before it does anything else.
        """
        moment = time.monotonic()
        if moment < self._looked + self._seconds:
            return None
        self._looked = moment
        return self._look()

    def _look(self) -> str | None:
        if not self._files.root.is_dir():
            return "its folder is gone"
        if self._files.exit.exists():
            return "somebody has ended this run"
        later = self._session.latest() or self._run
        if any(_has_begun(self._session.run(number)) for number in range(self._run + 1, later + 1)):
            return "a later run has begun"
        return None if self._holds_lock() else "another process holds the session's lock"

    def _holds_lock(self) -> bool:
        """Whether the lock is this run's; one whose file was deleted is taken again under its name."""
        try:
            there = self._session.lock.stat()
        except FileNotFoundError:
            return self._lock_again()
        except OSError:
            return True
        mine = any(os.path.samestat(there, os.fstat(each)) for each in (self._lock, *self._more))
        return mine or self._lock_again()

    def _lock_again(self) -> bool:
        try:
            fresh = os.open(self._session.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return True
        try:
            fcntl.flock(fresh, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fresh)
            return False
        self._more.append(fresh)
        return True


def _has_begun(files: RunFiles) -> bool:
    """Whether a host of that run came to speak: only one that holds the lock does."""
    return files.life.exists()
