"""The bell of the background drain: a fifo into which whoever noted something writes one byte."""

from __future__ import annotations

import contextlib
import os
import select
import threading
from typing import Self

from ccc.layout import Layout
from ccc.platform.files import write_whole
from ccc.runs import drain

AWAY_SECONDS = 1.0
"""How long a drain that has gone to work may be rung for: as long as another takes to come up on a busy
machine. Whoever rings then starts none, which would cost 0.3 s of processor time and find nothing to do."""


class Bell:
    """Open while the drain listens, and while it works for a moment; in long work it is given up.

    The pid file says who listens. It goes first at the end, and the journal is to be looked at once more
    after it: a hook writes its entry before it looks for the pid.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._fifo, self._pid = layout.root / "drain.fifo", layout.root / "drain.pid"
        self._descriptor: int | None = None
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Whoever has rung and was not heard gets another drain: work may have failed."""
        if self.close():
            drain.start(self._layout)

    def listen(self) -> None:
        """Says that this process listens; what was rung while it worked is heard now."""
        self._stop_timer()
        if self._descriptor is None:
            with contextlib.suppress(FileExistsError):
                os.mkfifo(self._fifo, 0o600)
            self._descriptor = os.open(self._fifo, os.O_RDWR | os.O_NONBLOCK)
        if not self._is_ours():
            write_whole(self._pid, f"{os.getpid()}\n")
        self._layout.drain_begins.unlink(missing_ok=True)

    def wait(self, seconds: float) -> bool:
        """Whether it was rung within so many seconds."""
        assert self._descriptor is not None
        if not select.select([self._descriptor], [], [], seconds)[0]:
            return False
        with contextlib.suppress(BlockingIOError):  # heard by another drain, which has it open, too
            os.read(self._descriptor, 4096)
        return True

    def leave(self) -> None:
        """Goes to work, for a moment: after AWAY_SECONDS another drain is started for whoever has rung."""
        self._timer = threading.Timer(AWAY_SECONDS, self._give_up)
        self._timer.daemon = True
        self._timer.start()

    def is_rung(self) -> bool:
        """Whether somebody has rung and was not heard yet."""
        with self._lock:
            return self._descriptor is not None and bool(select.select([self._descriptor], [], [], 0)[0])

    def close(self) -> bool:
        """Listens no more; whether somebody has rung who was not heard."""
        self._stop_timer()
        return self._close()

    def _close(self) -> bool:
        with self._lock:
            if self._descriptor is None:
                return False
            if self._is_ours():
                self._pid.unlink(missing_ok=True)
            rung = bool(select.select([self._descriptor], [], [], 0)[0])
            os.close(self._descriptor)
            self._descriptor = None
            return rung

    def _is_ours(self) -> bool:
        """Whether the pid file names this process; another drain may have begun to listen meanwhile."""
        with contextlib.suppress(FileNotFoundError):
            return self._pid.read_text(encoding="ascii", errors="replace").strip() == str(os.getpid())
        return False

    def _give_up(self) -> None:
        if self._close():
            drain.start(self._layout)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
            self._timer = None
