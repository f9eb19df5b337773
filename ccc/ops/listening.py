"""Hearing what is said in a session from now on: files are looked into only when they changed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from ccc.domain.sessions import Session
from ccc.engines import reading
from ccc.engines.reading import Cursor, Group
from ccc.engines.transcripts import TurnLine
from ccc.ops.conversation import conversation_of
from ccc.ops.workspace import Workspace
from ccc.runs.files import SessionFiles

QUIET_LOOKS, EVERY = 100, 5
"""After so many looks without a word only every fifth one is taken."""


class Ear:
    """At one session, over all its runs; each turn is heard once."""

    def __init__(self, workspace: Workspace, session: Session, *, from_now: bool) -> None:
        """`from_now`: what was said before is left out, else it is heard first."""
        self._workspace = workspace
        self._files = SessionFiles.of(workspace.layout, session.id)
        self.session = session
        self._cursor = Cursor()
        self._watched: tuple[Path, ...] = ()
        self._seen: object = None
        self._looks = self._quiet = 0
        if from_now:
            self._cursor = reading.ends(self._groups())

    def before(self, count: int) -> list[TurnLine]:
        """About the last turns that were said until now."""
        return reading.latest(self._groups(), count) or []

    def news(self) -> list[TurnLine]:
        """What was said since the last time, in its order as far as it tells times."""
        self._looks += 1
        if self._quiet > QUIET_LOOKS and self._looks % EVERY:
            return []
        now = self._state()
        if now == self._seen:
            self._quiet += 1
            return []
        try:
            turns, cursor = reading.read(self._groups(), self._cursor)
        except FileNotFoundError:  # turned over, or cleared away, in this moment
            return []
        self._cursor = cursor if cursor.marks else self._cursor
        self._seen, self._quiet = now, 0
        return turns

    def _groups(self) -> Sequence[Group]:
        groups = conversation_of(self._workspace, self.session, self._cursor).groups
        self._watched = tuple(dict.fromkeys(self._places(groups)))
        return groups

    def _places(self, groups: Sequence[Group]) -> Iterator[Path]:
        """What changes whenever there may be more: the files, and the folders where new ones appear."""
        yield self._files.root
        for source in (source for group in groups for source in group):
            yield source.path
            yield source.path.parent
            yield source.path.with_suffix("") / "subagents"

    def _state(self) -> object:
        return [_mark(path) for path in self._watched or (self._files.root,)]


def _mark(path: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - a third of the time of Path.stat, and asked often
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
