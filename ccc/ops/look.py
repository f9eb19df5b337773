"""Sessions as they are now: recorded state, what was looked at just now, and the status that follows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ccc.domain.life import Life
from ccc.domain.sessions import Session
from ccc.domain.status import Seen, StatusView, derive
from ccc.git import history
from ccc.git import repository as repositories
from ccc.ops.observe import HEADS, all_sessions, worktree_head
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.runs import life
from ccc.store.protocol import State

COUNTED = 32
"""Sessions whose ahead/behind is counted in one table; each costs a git process of about 3 ms."""


@dataclass(frozen=True)
class Sighting:
    """A session and its status; counts are None where not looked at."""

    session: Session
    view: StatusView
    ahead: int | None = None
    behind: int | None = None
    dirty: bool | None = None
    life: Life | None = None


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
        return next(sighting for sighting in self.sightings if sighting.session.id == session.id)


def look(workspace: Workspace, at: str | None = None) -> Picture:
    """Every session with its status. At a past commit nothing is looked at: what was recorded then."""
    state = workspace.reader.state(at)
    sessions = all_sessions(state)
    if at is not None:
        return Picture(state, tuple(_remembered(session) for session in sessions))
    refs = repositories.refs(workspace.git, HEADS) if sessions else {}
    now = workspace.now()
    runs = with_runs(workspace) if sessions else ()
    return Picture(state, tuple(_sighting(workspace, session, refs, runs, now) for session in sessions))


def _sighting(
    workspace: Workspace, session: Session, refs: Mapping[str, str], runs: Collection[str], now: str
) -> Sighting:
    found = seen(workspace, session, refs, runs)
    return Sighting(session, derive(session, found, now), life=None if found is None else found.life)


def _remembered(session: Session) -> Sighting:
    as_if_there = Seen(session.head, worktree=True)
    return Sighting(session, derive(session, as_if_there, session.updated_at))


def seen(
    workspace: Workspace, session: Session, refs: Mapping[str, str], runs: Collection[str]
) -> Seen | None:
    """What this machine shows of a session; None for another machine's. `runs`: whose agents ran here."""
    if session.where != workspace.replica:
        return None
    ran = session.id in runs and session.closed is None
    return Seen(
        head=refs.get(HEADS + session.branch),
        worktree=session.worktree is not None and (Path(session.worktree) / ".git").exists(),
        checked_out=worktree_head(workspace.repository.common, session.name),
        life=life.sight(workspace.layout, session.id) if ran else None,
        searched=True,
    )


def with_runs(workspace: Workspace) -> Collection[str]:
    """The ids of the sessions that an agent ran in on this machine."""
    try:
        return {path.name for path in workspace.layout.runs.iterdir()}
    except (FileNotFoundError, NotADirectoryError):
        return ()


def counted(workspace: Workspace, sightings: Sequence[Sighting]) -> list[Sighting]:
    """The same with ahead and behind of their target, for at most COUNTED that are open here."""
    refs = repositories.refs(workspace.git, HEADS) if sightings else {}
    found, done = [], 0
    for sighting in sightings:
        session = sighting.session
        target, head = refs.get(HEADS + session.target), refs.get(HEADS + session.branch)
        if target and head and session.closed is None and done < COUNTED:
            ahead, behind = history.ahead_behind(workspace.git, head, target)
            sighting = replace(sighting, ahead=ahead, behind=behind)
            done += 1
        found.append(sighting)
    return found


def with_dirt(sighting: Sighting) -> Sighting:
    """The same with whether its worktree has uncommitted changes; costs a `git status` there."""
    folder = Path(sighting.session.worktree or "/nonexistent")
    if not (folder / ".git").exists() or sighting.session.closed is not None:
        return sighting
    return replace(sighting, dirty=bool(history.dirty(folder)))
