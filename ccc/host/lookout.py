"""`python -m ccc.host.lookout COMMON --lookout`: notices when files change in any session's worktree.

One per repository, while any session's host lives. It only notes and wakes the drain, which does the rest.
"""

from __future__ import annotations

import os
import select
import sys
import time
from contextlib import suppress
from pathlib import Path

from ccc.errors import StoreBusy
from ccc.host.polling import Polling
from ccc.host.watched import Watched
from ccc.layout import Layout
from ccc.platform.watching import Watching
from ccc.runs import hosts, lookout
from ccc.runs.waking import Waking
from ccc.store.lock import locked

TICK_SECONDS = 2.0
"""Between two looks at who lives and which worktrees there are."""

QUIET_SECONDS, MOST_SECONDS = 0.15, 0.6
"""After a change: how long nothing else must have changed, and how long that is waited for at most."""

BUSY_SECONDS, BUSY_MOST = 5.0, 3.0
"""Where changes go on for so long (a build), they are noted so often."""

UNHEARD_SECONDS = 0.1
"""Between two tries to be heard by a drain that was just started."""

GONE_TICKS = 3
"""Ticks without any living host after which it ends."""


class Lookout:
    """Notes who changed, once things are quiet for a moment."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._waking = Waking(layout)
        self._watching = Watching.begin()
        self._watched = Watched(layout, self._watching)
        self._polling = Polling()
        self._changed: dict[str, float] = {}
        self._last = self._first = 0.0
        self._busy_since: float | None = None
        self._grown: set[str] = set()
        self._said: set[str] = set()
        self._moved = False
        self._listed: int | None = None
        self._due, self._alone = 0.0, 0

    def run(self) -> None:
        """Goes on until no host lives, the radar is off, or the repository is gone."""
        while self._tick():
            self._wait()
            self._hear()
            name = self._polling.look(self._watched.polled)
            if name is not None:
                self._note_change(name)
            self._waking.wake()
            self._tell()
        self._waking.last_word()

    def _tick(self) -> bool:
        moment = time.monotonic()
        if moment < self._due:
            return True
        self._due = moment + TICK_SECONDS
        if not self._layout.drain_script.exists() or (self._layout.radar / lookout.OFF).exists():
            return False
        self._alone = 0 if _any_host(self._layout) else self._alone + 1
        self._look_around()
        return self._alone < GONE_TICKS

    def _look_around(self) -> None:
        """Who came is noted: what was changed before it was watched nobody has seen."""
        listed = _changed_at(self._layout.common / "worktrees")
        if listed == self._listed and not self._watched.half_made:
            return
        self._listed = listed
        for name in self._watched.look_around():
            self._note_change(name)
        if self._watched.names != self._said:
            self._said = set(self._watched.names)
            lookout.say_watched(self._layout, self._said)

    def _wait(self) -> None:
        moments = [self._due]
        if self._changed or self._moved:
            moments.append(min(self._last + QUIET_SECONDS, self._first + self._most()))
        polled = self._polling.next(self._watched.polled)
        moments += [polled] if polled is not None else []
        moments += [time.monotonic() + UNHEARD_SECONDS] if self._waking.unheard else []
        seconds = max(0.0, min(moments) - time.monotonic())
        descriptors = [self._watching] if self._watching is not None else []
        select.select(descriptors, [], [], seconds)

    def _most(self) -> float:
        busy = self._busy_since is not None and self._last - self._busy_since > BUSY_SECONDS
        return BUSY_MOST if busy else MOST_SECONDS

    def _hear(self) -> None:
        for name, change in self._watched.changes():
            if name is None:
                self._moved = True
                self._stir()
                if change.folder or not change.name:
                    self._due, self._listed = 0.0, None
            else:
                self._note_change(name)
                if change.folder or change.lost:
                    self._grown.add(name)

    def _note_change(self, name: str) -> None:
        self._changed[name] = time.monotonic()
        self._stir()

    def _stir(self) -> None:
        moment = time.monotonic()
        if moment - self._last > MOST_SECONDS:
            self._busy_since = moment
        if not self._first:
            self._first = moment
        self._last = moment

    def _tell(self) -> None:
        moment = time.monotonic()
        if not (self._changed or self._moved):
            return
        if moment < min(self._last + QUIET_SECONDS, self._first + self._most()):
            return
        for name in self._grown:
            self._watched.plan(name)
        changed, self._changed, self._grown = self._changed, {}, set()
        moved, self._moved, self._first = self._moved, False, 0.0
        for name in changed:
            lookout.note(self._layout, name)
        if moved:
            lookout.note_moved(self._layout)
        self._waking.unheard = True
        self._waking.wake()


def _changed_at(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


def _any_host(layout: Layout) -> bool:
    found = (hosts.read(layout, session) for session in hosts.sessions(layout))
    return any(entry is not None and entry.alive for entry in found)


def main(argv: list[str]) -> int:
    """Stays, if no other one does."""
    layout = Layout(Path(argv[0]))
    os.nice(5)
    with suppress(StoreBusy, OSError), locked(lookout.lock_of(layout), timeout=0):
        Lookout(layout).run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
