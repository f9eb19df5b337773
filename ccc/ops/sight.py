"""What this machine shows of each session, and the status that follows: one pair of eyes a look."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping

from ccc.domain.life import Life
from ccc.domain.sessions import Session
from ccc.domain.status import Seen, StatusView, derive
from ccc.git import heads
from ccc.layout import Layout
from ccc.ops.observe import HEADS
from ccc.records import dataclass
from ccc.runs import life

NOW = ""
"""In a view that is kept: known to be true as of the look that shows it."""

FEW = 8
"""Folders asked for one by one; where more lie beside one another, listing them once is quicker."""


@dataclass(frozen=True)
class View:
    """What was seen of a session without an agent, and what follows; true for as long as both stay so."""

    session: Session
    seen: tuple[str | None, bool, str | None] | None
    view: StatusView


@dataclass(frozen=True)
class Eyes:
    """One look at the sessions of this machine (`replica`).

    `refs`: branches, full name to tip; `branches`: what work trees are on, by session's name; `runs`: ids of
    the sessions whose agents ran here; `views`: what was kept of earlier looks, by id, and is renewed.
    """

    layout: Layout
    replica: str
    refs: Mapping[str, str]
    branches: Mapping[str, str]
    runs: Collection[str]
    now: str
    folders: Folders
    views: dict[str, View]

    def on(self, session: Session) -> tuple[StatusView, Life | None]:
        """The status of a session, and what its agent's run shows."""
        here = session.where == self.replica
        if here and session.id in self.runs and session.closed is None:
            return self._alive(session)
        seen = self._at_rest(session) if here else None
        kept = self.views.get(session.id)
        if kept is None or kept.session is not session or kept.seen != seen:
            kept = View(session, seen, derive(session, None if seen is None else _seen(seen, None), NOW))
            self.views[session.id] = kept
        view = kept.view
        return (view if view.as_of else StatusView(view.status, view.since, view.evidence, self.now)), None

    def _alive(self, session: Session) -> tuple[StatusView, Life | None]:
        found = life.sight(self.layout, session.id)
        return derive(session, _seen(self._at_rest(session), found), self.now), found

    def _at_rest(self, session: Session) -> tuple[str | None, bool, str | None]:
        """The tip of its branch, whether its worktree is there, and the branch that one is on."""
        tip = self.refs.get(HEADS + session.branch)
        return tip, self.folders.has(session.worktree), self.branches.get(session.name)


def _seen(seen: tuple[str | None, bool, str | None], found: Life | None) -> Seen:
    tip, worktree, branch = seen
    return Seen(head=tip, worktree=worktree, checked_out=branch, life=found, searched=True)


class Folders:
    """Which work trees are there; a thousand that are gone are told by one listing."""

    def __init__(self) -> None:
        self._asked: dict[str, int] = {}
        self._listed: dict[str, frozenset[str] | None] = {}

    def has(self, path: str | None) -> bool:
        """Whether there is a work tree at a path."""
        if path is None:
            return False
        parent, _, name = path.rpartition("/")
        asked = self._asked[parent] = self._asked.get(parent, 0) + 1
        if asked > FEW and name.isascii():
            listed = self._names(parent)
            if listed is not None and name.lower() not in listed:
                return False
        return os.path.exists(f"{path}/.git")  # noqa: PTH110

    def _names(self, parent: str) -> frozenset[str] | None:
        """What lies in a folder, in small letters (file systems may ignore case); None: not to be listed."""
        if parent not in self._listed:
            try:
                self._listed[parent] = frozenset(name.lower() for name in heads.listed(parent))
            except OSError:
                self._listed[parent] = None
        return self._listed[parent]
