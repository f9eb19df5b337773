"""What every ccc process that stays does in passing: has sessions looked after whose host was killed."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

from ccc.layout import Layout
from ccc.runs import drain, hosts

LOOK_SECONDS = 1.0
"""Between two looks at the hosts' entries, 40 µs each."""

START_SECONDS = 1.5
"""A drain that was started is given this long before another one is, by whomever."""

RECENT_SECONDS = 10.0
MARK = "recovery.called"
"""Its file time says when a drain was started last to see to the dead."""


def call(layout: Layout) -> bool:
    """Starts the background drain to see to sessions whose host is gone; False where one was just started."""
    mark = layout.root / MARK
    try:
        if 0.0 <= time.time() - mark.stat().st_mtime < START_SECONDS:
            return False
    except FileNotFoundError:
        pass
    with contextlib.suppress(OSError):
        mark.touch()
    drain.start(layout)
    return True


def was_called(layout: Layout) -> bool:
    """Whether somebody has seen the dead just now, as far as a drain that begins has to know."""
    try:
        return 0.0 <= time.time() - (layout.root / MARK).stat().st_mtime < RECENT_SECONDS
    except FileNotFoundError:
        return False


class Watcher:
    """Looks at most once a second, and never waits for what it starts."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._looked = -LOOK_SECONDS

    def tick(self) -> None:
        """Looks if it is time to."""
        moment = time.monotonic()
        if moment < self._looked + LOOK_SECONDS:
            return
        self._looked = moment
        if hosts.any_dead(self._layout):
            call(self._layout)


@contextlib.contextmanager
def watching(layout: Layout) -> Iterator[None]:
    """Looks while the block runs, from a thread of its own: for what may take minutes, or waits for calls."""
    over, watcher = threading.Event(), Watcher(layout)

    def look() -> None:
        while not over.wait(LOOK_SECONDS):
            watcher.tick()

    threading.Thread(target=look, name="ccc-watcher", daemon=True).start()
    try:
        yield
    finally:
        over.set()
