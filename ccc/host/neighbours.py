"""Hosts look after each other: who of them was killed is noticed by another within seconds.

Each looks at the next in the order of sessions, and at one more in turn: so the death of any is seen in one
round though one of the lookers hangs, and a hundred hosts look at two hundred files a round, not at ten
thousand. What is to be done is done by the background drain (ops/recovery.py).
"""

from __future__ import annotations

import os
import time
from contextlib import suppress

from ccc.layout import Layout
from ccc.runs import hosts, lookout, watcher

LOOK_SECONDS = 2.0
"""Between two looks; resuming a session is to take 5 s at most, and 1 to 2 of these are the agent's start."""


class Neighbours:
    """What one host knows of the others."""

    def __init__(self, layout: Layout, session: str, run: int) -> None:
        self._layout, self._session, self._run = layout, session, run
        self._due = time.monotonic() + LOOK_SECONDS * (os.getpid() % 16 + 1) / 16  # not all at once
        self._others: list[str] = []
        self._listed = -1
        self._turn = os.getpid()

    def enter(self) -> None:
        """Lets the others know of this one. Where the disk is full the run's own files have to do."""
        with suppress(OSError):
            hosts.enter(self._layout, self._session, self._run)

    def next(self) -> float:
        """When to look again; seconds of the monotonic clock."""
        return self._due

    def tick(self) -> None:
        """Looks if it is time to, and has the dead looked after."""
        moment = time.monotonic()
        if moment < self._due:
            return
        self._due = moment + LOOK_SECONDS
        lookout.ensure(self._layout)
        if self._is_one_dead():
            watcher.call(self._layout)

    def _is_one_dead(self) -> bool:
        self._list()
        count = len(self._others)
        if not count:
            return False
        self._turn += 1
        seen = {self._others[0], self._others[self._turn % count]}
        return any(entry is not None and not entry.alive for entry in map(self._read, seen))

    def _read(self, session: str) -> hosts.Entry | None:
        return hosts.read(self._layout, session)

    def _list(self) -> None:
        """The others, beginning with the next; listed again only where somebody came or went."""
        try:
            changed = self._layout.hosts.stat().st_mtime_ns
        except OSError:
            self._others, self._listed = [], -1
            return
        if changed != self._listed:
            self._listed = changed
            everybody = hosts.sessions(self._layout)
            after = [each for each in everybody if each > self._session]
            self._others = after + [each for each in everybody if each < self._session]
