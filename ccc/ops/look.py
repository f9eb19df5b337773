"""Sessions as they are now: recorded state, what was looked at just now, and the status that follows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from itertools import repeat
from pathlib import Path
from typing import NamedTuple

from ccc.domain.life import Life
from ccc.domain.sessions import Session
from ccc.domain.status import Evidence, Seen, StatusView, derive
from ccc.errors import GitFailed
from ccc.git import heads, history
from ccc.git.heads import ADMIN_PREFIX
from ccc.ops.observe import HEADS, all_sessions
from ccc.ops.roster import Roster
from ccc.ops.sight import Eyes, where_they_are
from ccc.ops.sync import enabled as sharing
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.store.cache import Cache
from ccc.store.protocol import State

COUNTED = 32
"""Sessions whose ahead/behind is counted in one table; each costs a git process of about 3 ms."""


class Sighting(NamedTuple):
    """A session and its status; counts are None where not looked at. A tuple: a look makes a thousand.

    `provisional`: the remote that the state is shared with has not all of it yet; None: it is not shared.
    `position`: its place among those that could start if there were room, from 1; `crowd`: ids of those of
    whom one has to make room first. `at`: when it was looked.
    """

    session: Session
    view: StatusView
    ahead: int | None = None
    behind: int | None = None
    dirty: bool | None = None
    life: Life | None = None
    provisional: bool | None = None
    position: int | None = None
    at: str = ""
    crowd: tuple[str, ...] = ()

    @property
    def as_of(self) -> str:
        """When its status was last known to be true."""
        return self.view.as_of or self.at


@dataclass(frozen=True)
class Picture:
    """All sessions at one moment: the state they were read from and each one's status."""

    state: State
    sightings: tuple[Sighting, ...]

    @property
    def sessions(self) -> list[Session]:
        return [sighting.session for sighting in self.sightings]

    def of(self, session: Session) -> Sighting:
        """The sighting of one of the sessions."""
        return self.of_id(session.id)

    def of_id(self, identifier: str) -> Sighting:
        """The sighting of the session with this id."""
        return next(sighting for sighting in self.sightings if sighting.session.id == identifier)


def look(workspace: Workspace, at: str | None = None) -> Picture:
    """Every session with its status. At a past commit nothing is looked at: what was recorded then."""
    state, heads = workspace.state_and_heads(at)
    if at is not None:
        return Picture(state, tuple(_remembered(session) for session in all_sessions(state)))
    roster = workspace.rosters.of(state)
    sessions = roster.sessions
    refs = heads() if sessions else {}
    now = workspace.now()
    runs = with_runs(workspace) if sessions else ()
    unshared = _unshared(workspace, state)
    eyes = Eyes(workspace.layout, refs, _checked_out(workspace, roster), runs, now)
    workspace.views, views, lives = eyes.on(roster, workspace.views)
    nothing = repeat(None)
    shares = nothing if unshared is None else [session.id in unshared for session in sessions]
    parts = (
        where_they_are(workspace.views),
        views,
        nothing,
        nothing,
        nothing,
        lives,
        shares,
        nothing,
        repeat(now),
    )
    picture = Picture(state, tuple(_grounded(list(map(Sighting, *parts)), roster)))
    if "queued" in roster.statuses:
        from ccc.ops.placing import placed  # where somebody waits only

        return placed(workspace, picture)
    return picture


def _grounded(found: Sequence[Sighting], roster: Roster) -> Iterable[Sighting]:
    """With what has moved on since of what a session builds on."""
    if not any(roster.grounded):
        return found
    from ccc.domain.grounds import outdated  # where a session builds on another only

    def moved(sighting: Sighting) -> Sighting:
        session, view = sighting.session, sighting.view
        if not session.grounds or session.closed is not None or session.landed_head:
            return sighting
        evidence = tuple(Evidence("commit", words, None) for words in outdated(roster.sessions, session))
        return sighting._replace(view=replace(view, evidence=(*view.evidence, *evidence)))

    return [moved(sighting) for sighting in found]


def _unshared(workspace: Workspace, state: State) -> AbstractSet[str] | None:
    if sharing.read(workspace.layout) is None:
        return None
    from ccc.ops.sync.provisional import provisional_sessions  # where the state is shared only

    return provisional_sessions(workspace, state)


def _checked_out(workspace: Workspace, roster: Roster) -> Mapping[str, str]:
    """The branches that the worktrees of sessions here are on, by session's name."""
    here = set(roster.names) - {""}
    found = heads.branches_of(workspace.git, workspace.repository.common, ADMIN_PREFIX, here)
    return {admin.removeprefix(ADMIN_PREFIX): branch for admin, branch in found.items()}


def _remembered(session: Session) -> Sighting:
    as_if_there = Seen(session.head, worktree=True)
    return Sighting(session, derive(session, as_if_there, session.updated_at))


def with_runs(workspace: Workspace) -> Collection[str]:
    """The ids of the sessions that an agent ran in on this machine."""
    try:
        return {path.name for path in workspace.layout.runs.iterdir()}
    except (FileNotFoundError, NotADirectoryError):
        return ()


def counted(workspace: Workspace, sightings: Sequence[Sighting]) -> list[Sighting]:
    """The same with ahead and behind of their target, for at most COUNTED that are open here."""
    refs = heads.branches(workspace.git, workspace.repository.common) if sightings else {}
    counts = _Counts(workspace)
    found, done = [], 0
    for sighting in sightings:
        session = sighting.session
        target, head = refs.get(HEADS + session.target), refs.get(HEADS + session.branch)
        if session.where != workspace.replica and head != session.head:
            head = None  # another machine's: a branch of that name here may be another session's
        if target and head and session.closed is None and done < COUNTED:
            ahead, behind = counts.of(head, target)
            sighting = sighting._replace(ahead=ahead, behind=behind)
            done += 1
        found.append(sighting)
    counts.keep()
    return found


class _Counts:
    """Ahead and behind of pairs of commits; they change only where a shallow clone is deepened."""

    KIND = "counts"

    def __init__(self, workspace: Workspace) -> None:
        self._git = workspace.git
        self._cache = Cache(workspace.layout.cache)
        self._signature = history.depth(workspace.repository.common)
        found = self._cache.get(self.KIND, self._signature)
        self._known = found["pairs"] if found and isinstance(found.get("pairs"), dict) else {}
        self._used: dict[str, Sequence[int]] = {}
        self._is_new = False

    def of(self, head: str, target: str) -> Sequence[int]:
        """How many commits only `head` has, and how many only `target`."""
        pair = f"{head} {target}"
        counts = (0, 0) if head == target else self._known.get(pair)
        if not isinstance(counts, (list, tuple)) or len(counts) != 2:
            counts = history.ahead_behind(self._git, head, target)
            self._is_new = True
        self._used[pair] = counts
        return counts

    def keep(self) -> None:
        """Keeps for the next call what was counted in this one."""
        if self._is_new:
            self._cache.put(self.KIND, self._signature, {"pairs": self._used})


def with_dirt(sighting: Sighting) -> Sighting:
    """The same with whether its worktree has uncommitted changes; costs a `git status` there."""
    folder = Path(sighting.session.worktree or "/nonexistent")
    if not (folder / ".git").exists() or sighting.session.closed is not None:
        return sighting
    try:
        return sighting._replace(dirty=bool(history.dirty(folder)))
    except GitFailed:  # a worktree of another owner: not known, and no reason to show nothing
        return sighting
