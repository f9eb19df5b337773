"""Places at which a test can have a real process killed; for tests only, one look-up in the environment."""

from __future__ import annotations

import os
import signal

VARIABLE = "CCC_TEST_STOP_AT"
"""Names the point at which the process ends itself as if by `kill -9`."""

STORE_POINTS = (
    "journal-written",
    "claimed",
    "stamped",
    "wal-written",
    "objects-written",
    "swapped",
    "marked-done",
    "unlinked",
)
"""The points of a recording, in order."""


def reached(point: str) -> None:
    """Ends the process with SIGKILL where the environment names this point; otherwise nothing happens."""
    if os.environ.get(VARIABLE) == point:
        stop()


def stop() -> None:
    """Ends this process as `kill -9` does; a simulation puts an exception in its place."""
    os.kill(os.getpid(), signal.SIGKILL)
