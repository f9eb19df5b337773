"""What the lookout leaves for others: which worktrees it watches, and which of them have changed.

The lookout (`ccc.host.lookout`) is one small process per repository that lives while any session's host does.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from ccc.layout import Layout, make_folder
from ccc.platform import processes
from ccc.platform.files import write_whole
from ccc.runs import detached, drain

OFF = "off"
"""In the radar's folder: a file that says that it is switched off."""

MODULE, LAST_WORD = "ccc.host.lookout", "--lookout"
START_SECONDS = 5.0
"""One that was started is given this long before another one is, by whomever."""


def lock_of(layout: Layout) -> Path:
    """Held by the lookout as long as it lives."""
    return layout.root / "lookout.lock"


def ensure(layout: Layout) -> None:
    """Starts the lookout where none lives and the radar is on; does not wait for it."""
    if drain.held(lock_of(layout)) or (layout.radar / OFF).exists():
        return
    mark = layout.radar / "lookout.called"
    with contextlib.suppress(OSError):
        if 0.0 <= time.time() - mark.stat().st_mtime < START_SECONDS:
            return
    with contextlib.suppress(OSError):
        make_folder(layout.radar)
        mark.touch()
        detached.start([sys.executable, "-E", "-P", "-m", MODULE, str(layout.common), LAST_WORD])


def note(layout: Layout, name: str) -> None:
    """Notes that the worktree of a session has changed, and that somebody should look. Raises OSError."""
    folder = layout.radar / "noted"
    make_folder(folder)
    (folder / name).touch()
    note_moved(layout)


def note_moved(layout: Layout) -> None:
    """Notes that somebody should look. Raises OSError."""
    make_folder(layout.radar)
    (layout.radar / "due").touch()


def noted(layout: Layout, name: str) -> int:
    """When a worktree was noted last, ns; 0 where it never was."""
    return _time(layout.radar / "noted" / name)


def due(layout: Layout) -> int:
    """When any was noted last, ns; 0 where none ever was."""
    return _time(layout.radar / "due")


def say_watched(layout: Layout, names: Iterable[str]) -> None:
    """Says that this process watches these sessions' worktrees from now on. Raises OSError."""
    write_whole(layout.radar / "watched", "\n".join([processes.own_identity(), *sorted(names)]))


def watched(layout: Layout) -> frozenset[str]:
    """The sessions (names) whose worktrees a living process watches: what is not noted has not changed."""
    try:
        process, *names = (layout.radar / "watched").read_text(encoding="utf-8").split("\n")
    except OSError:
        return frozenset()
    return frozenset(names) if processes.alive(process) else frozenset()


def _time(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
