"""Which lines of each side meet in a conflict; remembered by the contents that meet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ccc.domain.conflicts import MOST_FILES, MOST_RANGES, InFile, Ranges
from ccc.domain.conflicts import Conflict as Recorded
from ccc.errors import GitFailed
from ccc.git.command import Git
from ccc.git.mergetree import BASE, OURS, THEIRS, ConflictFile, conflict_hunks
from ccc.ops.radar.matrix import Conflict, Matrix
from ccc.ops.radar.memory import Kept, LinesOf


def with_lines(git: Git, seen: Matrix, kept: Kept) -> list[Recorded]:
    """The conflicts as they are recorded; `since` is when they were looked at. `git` reads snapshots, too."""
    used: LinesOf = {}
    found = [_recorded(git, conflict, seen.checked_at, kept.lines, used) for conflict in seen.conflicts]
    if used != kept.lines:
        kept.lines = used
        kept.keep()
    return found


def _recorded(git: Git, conflict: Conflict, now: str, known: LinesOf, used: LinesOf) -> Recorded:
    files = list(_files(git, conflict.files[:MOST_FILES], known, used))
    return Recorded(
        a=conflict.a.key,
        b=conflict.b.key,
        kind=conflict.kind,
        files=tuple(files),
        uncommitted=conflict.uncommitted,
        since=now,
        more=max(0, len(conflict.files) - MOST_FILES),
    )


def _files(git: Git, files: Sequence[ConflictFile], known: LinesOf, used: LinesOf) -> Iterator[InFile]:
    for file in files:
        key = " ".join(file.stages.get(stage, ("", "-"))[1] for stage in (BASE, OURS, THEIRS))
        if key not in used:
            used[key] = known[key] if key in known else _lines(git, file)
        yield InFile(file.path, *used[key])


def _lines(git: Git, file: ConflictFile) -> tuple[Ranges, Ranges]:
    """Of both sides; nothing where the conflict is not one of lines."""
    try:
        hunks = conflict_hunks(git, file)[:MOST_RANGES]
    except GitFailed:
        return (), ()
    ours = tuple((hunk.ours_start, len(hunk.ours)) for hunk in hunks)
    return ours, tuple((hunk.theirs_start, len(hunk.theirs)) for hunk in hunks)
