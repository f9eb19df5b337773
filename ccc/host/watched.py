"""The folders that the lookout has the system watch, and whose they are."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator
from pathlib import Path

from ccc.errors import GitFailed
from ccc.git.heads import ADMIN_PREFIX
from ccc.git.inhabited import folders, session_worktrees
from ccc.layout import Layout
from ccc.platform.watching import Change, OutOfWatches, Watching

REFERENCES = 0
"""In place of a worktree's number: branches, the list of worktrees, the list of hosts."""

NOBODY = 0xFFFF
LISTINGS = 10
"""A folder made between listing and watching is in the next listing; mostly two are enough."""

SHARE = 2
"""One of so many of the watches that the system gives a user is taken at most."""

LIMIT = Path("/proc/sys/fs/inotify/max_user_watches")


class Watched:
    """Worktrees by session's name; `polled` are those that nobody watches."""

    def __init__(self, layout: Layout, watching: Watching | None) -> None:
        self._layout, self._watching = layout, watching
        self._owner = array("H")
        self._numbers: dict[str, int] = {}
        self._places: dict[str, Path] = {}
        self._count, self._most = 0, _allowed()
        self.polled: dict[str, Path] = {}
        self.half_made = False
        """Whether a worktree is listed whose folder is not there (yet)."""

    @property
    def names(self) -> set[str]:
        """The sessions whose worktrees are watched."""
        return self._places.keys() - self.polled.keys()

    def look_around(self) -> list[str]:
        """Begins to watch worktrees that came, forgets those that went; who came."""
        there = session_worktrees(self._layout.common, ADMIN_PREFIX)
        for name in [name for name in self._places if there.get(name) != self._places[name]]:
            del self._places[name]
            self.polled.pop(name, None)
        absent = [name for name in there if name not in self._places]
        came = [name for name in absent if (there[name] / ".git").exists()]
        self.half_made = len(came) < len(absent)
        for name in came:
            self._places[name] = there[name]
            self.plan(name)
        self._watch_references()
        return came

    def plan(self, name: str) -> None:
        """Has every folder of a worktree watched that is not yet; where that cannot be, it is polled."""
        top = self._places.get(name)
        if top is None:
            return
        number = self._numbers.setdefault(name, len(self._numbers) + 1)
        if not self._can_watch(top, number):
            self.polled[name] = top
        else:
            self.polled.pop(name, None)

    def _can_watch(self, top: Path, number: int) -> bool:
        if self._watching is None or number >= NOBODY:
            return False
        known: set[str] = set()
        try:
            for _ in range(LISTINGS):
                wanted = folders(top)
                if wanted is None or not all(self._add(folder, number) for folder in wanted - known):
                    return False
                if wanted <= known:
                    return True
                known |= wanted
        except (GitFailed, OutOfWatches):
            return False
        return True

    def _add(self, folder: str, number: int) -> bool:
        assert self._watching is not None
        if self._count >= self._most:
            return False
        watch = self._watching.add(folder)
        if watch is None:
            return True  # gone meanwhile
        if watch >= len(self._owner):
            self._owner.extend([NOBODY] * (watch + 1 - len(self._owner)))
        self._count += self._owner[watch] == NOBODY
        self._owner[watch] = number
        return True

    def _watch_references(self) -> None:
        common = self._layout.common
        heads = (place for place, _, _ in os.walk(common / "refs" / "heads"))
        for folder in (*heads, str(common / "worktrees"), str(self._layout.hosts)):
            try:
                if self._watching is not None:
                    self._add(folder, REFERENCES)
            except OutOfWatches:
                return

    def changes(self) -> Iterator[tuple[str | None, Change]]:
        """What has changed: the session's name (None: branches, worktrees or hosts), and how."""
        names = {number: name for name, number in self._numbers.items() if name in self._places}
        for change in self._watching.changes() if self._watching is not None else ():
            owner = self._owner[change.watch] if 0 <= change.watch < len(self._owner) else NOBODY
            if change.gone and owner != NOBODY:
                self._owner[change.watch] = NOBODY
                self._count -= 1
            if change.lost:
                yield from ((name, change) for name in names.values())
            elif owner == REFERENCES:
                yield None, change
            elif owner in names:
                yield names[owner], change


def _allowed() -> int:
    try:
        return int(LIMIT.read_text(encoding="ascii")) // SHARE
    except (OSError, ValueError):
        return 0
