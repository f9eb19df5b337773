"""Who conflicts with whom, as of now: one look at all active sessions, nothing recorded, nothing told."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from ccc.errors import GitFailed
from ccc.git import meeting
from ccc.git.mergetree import ConflictFile, quarantined
from ccc.ops.brief import SESSIONS_FOLDER
from ccc.ops.observe import all_sessions
from ccc.ops.radar import worktrees
from ccc.ops.radar.grafted import as_landed
from ccc.ops.radar.memory import Kept
from ccc.ops.radar.tips import Tip, Tips, tips
from ccc.ops.workspace import Workspace
from ccc.records import dataclass

TEXT, STRUCTURE = "text", "structure"
PLAIN = ("content", "add/add")
"""git's kinds of conflict in which lines meet; in all others names, modes or whole files do."""


@dataclass(frozen=True)
class Conflict:
    """Two sides that git does not merge; `a` is a target, or the older session."""

    a: Tip
    b: Tip
    files: tuple[ConflictFile, ...]

    @property
    def kind(self) -> str:
        """`text` where only lines meet, else `structure`."""
        return TEXT if all(file.kind in PLAIN for file in self.files) else STRUCTURE

    @property
    def uncommitted(self) -> bool:
        """Whether work that is not committed has a part in it, as far as is known."""
        return self.a.uncommitted or self.b.uncommitted


@dataclass(frozen=True)
class Matrix:
    """Every pair that conflicts, and the paths that each session touches (by session's id).

    `target`: the branch that most sessions land on, None without sessions. `checked_at`: RFC 3339 UTC.
    `merged`: how many pairs git was asked about; the others were known, or cannot meet. `unmerged`: the keys
    of pairs that it did not merge, or could not: of these nothing is known.
    """

    target: str | None
    checked_at: str
    tips: tuple[Tip, ...]
    conflicts: tuple[Conflict, ...]
    touched: Mapping[str, frozenset[str]]
    merged: int = 0
    unmerged: frozenset[frozenset[str]] = frozenset()


def matrix(workspace: Workspace, kept: Kept | None = None) -> Matrix:
    """The conflicts of all active sessions of this machine with one another and with their targets.

    By the tips as they are, and by the snapshots of worktrees that the radar made last; no new ones are
    taken. Objects that merges make go into a folder that goes with this. Raises GitFailed.
    """
    now, state = workspace.now(), workspace.reader.state()
    everybody = tips(workspace, state, worktrees.snapshots(workspace.layout))
    if everybody.trunk is None:
        return Matrix(None, now, (), (), {})
    trunk, known = everybody.trunk.name, kept or Kept(workspace)
    try:
        found = _found(workspace, everybody, known)
    except GitFailed:
        if not any(tip.uncommitted for tip in everybody.all):
            raise
        everybody = tips(workspace, state, {})  # somebody deleted the objects of a snapshot
        found = _found(workspace, everybody, known)
    known.keep()
    touched = {
        tip.key: frozenset(path for path in found.touched[tip.commit].paths if not _is_session_file(path))
        for tip in everybody.all
        if tip.session is not None
    }
    conflicts = tuple(_conflicts(everybody, found))
    unmerged = frozenset(_unmerged(everybody, found))
    return Matrix(trunk, now, everybody.all, conflicts, touched, found.merged, unmerged)


def _found(workspace: Workspace, everybody: Tips, known: Kept) -> meeting.Found:
    assert everybody.trunk is not None
    also = worktrees.objects(workspace.layout)
    with tempfile.TemporaryDirectory(prefix="merges-", dir=worktrees.folder(workspace.layout)) as place:
        git = quarantined(workspace.git, Path(place), workspace.repository.common, also)
        commits = [tip.commit for tip in everybody.all]
        found = meeting.find(git, everybody.trunk.commit, commits, known.memory, drivers=known.has_drivers)
        found = as_landed(git, all_sessions(workspace.reader.state()), everybody.all, found)
    return meeting.without(found, SESSIONS_FOLDER)


def _conflicts(everybody: Tips, found: meeting.Found) -> Iterator[Conflict]:
    for place, one in enumerate(everybody.all):
        for other in everybody.all[place + 1 :]:
            files = _files(found, one, other)
            if files and _matters(one, other):
                yield Conflict(one, other, files)


def _unmerged(everybody: Tips, found: meeting.Found) -> Iterator[frozenset[str]]:
    keys: dict[str, list[str]] = {}
    for tip in everybody.all:
        keys.setdefault(tip.commit, []).append(tip.key)
    for one, other in found.unmerged:
        yield from (frozenset((a, b)) for a in keys.get(one, ()) for b in keys.get(other, ()))


def _files(found: meeting.Found, one: Tip, other: Tip) -> meeting.Files:
    """The files in conflict, the first tip's side as ours: of tips at one commit only the first was asked."""
    files = found.conflicts.get((one.commit, other.commit))
    if files is None:
        return tuple(file.turned for file in found.conflicts.get((other.commit, one.commit), ()))
    return files


def _matters(one: Tip, other: Tip) -> bool:
    """A target matters to the sessions that land on it."""
    return one.session is not None or (other.session is not None and other.session.target == one.name)


def _is_session_file(path: str) -> bool:
    return path.startswith(f"{SESSIONS_FOLDER}/")
