"""What this machine shows of each session, and the status that follows: one pair of eyes a look."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from itertools import compress, count
from operator import is_not, ne, or_

from ccc.domain.life import Life
from ccc.domain.sessions import Session
from ccc.domain.status import Seen, StatusView, derive
from ccc.git import heads, relocated
from ccc.layout import Layout
from ccc.ops.roster import Roster
from ccc.records import dataclass
from ccc.runs import life

NOW = ""
"""In a view that is kept: known to be true as of the look that shows it."""

FEW = 8
"""Folders asked for one by one; where more lie beside one another, listing them once is quicker."""


AtRest = tuple[str | None, bool | str, str | None]
"""The tip of a session's branch, whether its worktree is there, and the branch that one is on.

The path of a worktree stands for one that is not where it is recorded, but there, by `git worktree move`.
"""


@dataclass(frozen=True)
class Views:
    """What was seen of sessions at rest, and what follows; true for as long as both stay so.

    None stands for the view of a session whose agent was looked at.
    """

    sessions: Sequence[Session]
    seen: Sequence[AtRest]
    views: Sequence[StatusView | None]


@dataclass(frozen=True)
class Eyes:
    """One look at the sessions of this machine.

    `refs`: branches, full name to tip; `branches`: what work trees are on, by session's name; `runs`: ids of
    the sessions whose agents ran here.
    """

    layout: Layout
    refs: Mapping[str, str]
    branches: Mapping[str, str]
    runs: Collection[str]
    now: str

    def on(self, roster: Roster, before: Views | None) -> tuple[Views, list[StatusView], list[Life | None]]:
        """Of each session its status, and what its agent's run shows; before those what to keep."""
        seen = self._at_rest(roster)
        kept = _still_true(before, roster.sessions, seen)
        lives: list[Life | None] = [None] * len(kept)
        shown: list[StatusView | None] = list(kept)
        for place in compress(count(), map(self.runs.__contains__, roster.open)):
            session = roster.sessions[place]
            lives[place] = found = life.sight(self.layout, session.id)
            kept[place], shown[place] = None, derive(session, _seen(seen[place], found), self.now)
        for place in [place for place, view in enumerate(shown) if view is None]:
            at_rest = _seen(seen[place], None) if roster.names[place] else None
            kept[place] = shown[place] = derive(roster.sessions[place], at_rest, NOW)
        return Views(roster.sessions, seen, kept), [view for view in shown if view is not None], lives

    def _at_rest(self, roster: Roster) -> list[AtRest]:
        tips = map(self.refs.get, roster.branches)
        there = worktrees(roster)
        branches = map(self.branches.get, roster.names)
        known = list(map(there.__contains__, roster.worktrees))
        if all(known):
            return list(zip(tips, known, branches, strict=True))
        found = map(self._found, known, roster.names)
        return list(zip(tips, found, branches, strict=True))

    def _found(self, is_there: bool, name: str) -> bool | str:
        """Where the worktree is that is not where it is recorded, as far as git knows."""
        if is_there or not name or name not in self.branches:
            return is_there
        moved = relocated.moved_by_git(self.layout.common, f"{heads.ADMIN_PREFIX}{name}")
        return is_there if moved is None else str(moved)


def _still_true(
    before: Views | None, sessions: Sequence[Session], seen: Sequence[AtRest]
) -> list[StatusView | None]:
    """The views of before of all that stayed as it was; None for the others."""
    if before is None:
        return [None] * len(sessions)
    if len(before.sessions) != len(sessions):
        return _still_true_of_those_there(before, sessions, seen)
    views = list(before.views)
    changed = map(or_, map(is_not, sessions, before.sessions), map(ne, seen, before.seen))
    for place in compress(count(), changed):
        views[place] = None
    return views


def _still_true_of_those_there(
    before: Views, sessions: Sequence[Session], seen: Sequence[AtRest]
) -> list[StatusView | None]:
    """The same where somebody came or went."""
    rows = zip(before.sessions, before.seen, before.views, strict=True)
    known = {session.id: (session, then, view) for session, then, view in rows}
    found = (known.get(session.id) for session in sessions)
    return [
        then[2] if then is not None and then[0] is session and then[1] == now else None
        for then, session, now in zip(found, sessions, seen, strict=True)
    ]


def _seen(seen: AtRest, found: Life | None) -> Seen:
    tip, worktree, branch = seen
    return Seen(head=tip, worktree=bool(worktree), checked_out=branch, life=found, searched=True)


def where_they_are(views: Views) -> Sequence[Session]:
    """The sessions, with the place of the worktree of those whose it was moved by git."""
    if not any(isinstance(where, str) for _, where, _ in views.seen):
        return views.sessions
    rows = zip(views.sessions, views.seen, strict=True)
    return [
        replace(session, worktree=where) if isinstance(where, str) else session
        for session, (_, where, _) in rows
    ]


def worktrees(roster: Roster) -> AbstractSet[str]:
    """Which worktrees of sessions are there; a thousand that are gone are told by one listing."""
    apart, listed = set(), {""}
    for folder, number in Counter(roster.folders).items():
        names = _listed(folder) if number > FEW else None
        if names is None:
            apart.add(folder)
        else:
            listed.update(f"{folder}/{name.lower()}" for name in names)
    likely = map(or_, map(apart.__contains__, roster.folders), map(listed.__contains__, roster.folded))
    found = compress(roster.worktrees, likely)
    return {path for path in found if path and os.path.exists(f"{path}/.git")}  # noqa: PTH110


def _listed(folder: str) -> Collection[str] | None:
    try:
        return heads.listed(folder)
    except OSError:
        return None
