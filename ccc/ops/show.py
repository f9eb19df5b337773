"""Everything of one session at one moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ccc.domain import landings, notes
from ccc.domain.landings import Approval
from ccc.domain.notes import Note
from ccc.domain.report import Report, parse_report
from ccc.git import history, repository as repositories
from ccc.git.history import CommitInfo, FileChange
from ccc.ops.find import find
from ccc.ops.look import Picture, Sighting, counted, look, with_dirt
from ccc.ops.workspace import Workspace


@dataclass(frozen=True)
class Shown:
    """A session with its brief, report, commits, files, notes, approvals and children."""

    picture: Picture
    sighting: Sighting
    brief: str | None
    report: Report | None
    commits: tuple[CommitInfo, ...]
    files: tuple[FileChange, ...]
    notes: tuple[Note, ...]
    approvals: tuple[Approval, ...]
    children: tuple[Sighting, ...]

    @staticmethod
    def at(seconds: int) -> str:
        """A commit's time, RFC 3339 UTC."""
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def show(workspace: Workspace, reference: str) -> Shown:
    """The session meant, whole. Raises NotFound, Ambiguous."""
    workspace.require()
    picture = look(workspace)
    session = find(reference, picture.sessions)
    sighting = with_dirt(counted(workspace, [picture.of(session)])[0])
    state, git = picture.state, workspace.git
    entry = landings.from_cells(session.id, state.stream(landings.stream_of(session.id)))
    own = [note for note in notes.notes_in(state.streams(notes.KIND)) if note.session == session.id]
    commits: Sequence[CommitInfo] = ()
    files: Sequence[FileChange] = ()
    if repositories.resolve(git, session.head) and repositories.resolve(git, session.base):
        target = repositories.resolve(git, f"refs/heads/{session.target}")
        before = session.landed.base if session.landed else target
        exclude = (before,) if before else ()
        commits = history.commits_between(git, session.base, session.head, exclude=exclude)
        files = history.diff_stat(git, session.base, session.head)
    return Shown(
        picture=picture,
        sighting=sighting,
        brief=state.blob(session.brief).decode("utf-8", "replace") if session.brief else None,
        report=parse_report(state.blob(session.report)) if session.report else None,
        commits=tuple(commits),
        files=tuple(change for change in files if not change.path.startswith(".ccc/sessions/")),
        notes=tuple(own),
        approvals=entry.approvals,
        children=tuple(other for other in picture.sightings if other.session.parent == session.id),
    )


def diff(workspace: Workspace, shown: Shown) -> str:
    """What the session changed since its base, as a patch."""
    session = shown.sighting.session
    return history.diff_text(workspace.git, session.base, session.head)


def system(workspace: Workspace, shown: Shown) -> str:
    """The system prompt an agent of this session is started with."""
    from ccc.ops.brief import system_text

    return system_text(workspace, shown.sighting.session)
