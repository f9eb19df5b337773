"""Everything of one session at one moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ccc.domain import landings, notes
from ccc.domain.conflicts import Conflict
from ccc.domain.landings import Approval
from ccc.domain.notes import Note
from ccc.domain.report import Report, parse_report
from ccc.domain.sessions import Session
from ccc.errors import BadConfig, GitFailed, NotFound
from ccc.git import history
from ccc.git.history import CommitInfo, FileChange
from ccc.ops.changes import changes, origin
from ccc.ops.inbox import could_land
from ccc.ops.look import Picture, Sighting, counted, look, with_dirt
from ccc.ops.mail import messages_of
from ccc.ops.peek import peek
from ccc.ops.radar.report import meets
from ccc.ops.retired import find_or_say
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.store.protocol import State

if TYPE_CHECKING:
    from ccc.domain.approving import Yes
    from ccc.ops.landing.review import ShownConflict


@dataclass(frozen=True)
class Shown:
    """A session with its brief, report, commits, files, notes, conflicts, approvals and children.

    `conflicts` with its target as of now, None where nobody looked (it has not reported) or nobody can (a
    branch is gone, the target's configuration is broken); `approvals` likewise with whether they are stale.
    `meets`: whom its work conflicts with by what the radar recorded, by name.
    """

    picture: Picture
    sighting: Sighting
    brief: str | None
    report: Report | None
    commits: tuple[CommitInfo, ...]
    files: tuple[FileChange, ...]
    notes: tuple[Note, ...]
    conflicts: tuple[ShownConflict, ...] | None
    approvals: tuple[tuple[Approval, bool | None], ...]
    children: tuple[Sighting, ...]
    meets: tuple[tuple[str, Conflict], ...] = ()

    @property
    def sent(self) -> int:
        """How many messages it has sent."""
        own = self.sighting.session.id
        return sum(message.from_session == own for message in messages_of(self.picture.state))

    @property
    def unread(self) -> int:
        """How many messages to it have not arrived."""
        own = self.sighting.session.id
        return sum(message.waits and message.to == own for message in messages_of(self.picture.state))

    @staticmethod
    def at(seconds: int) -> str:
        """A commit's time, RFC 3339 UTC."""
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def show(workspace: Workspace, reference: str, at: str | None = None) -> Shown:
    """The session meant, whole; as it was recorded at a commit id, where nothing is looked at.

    Raises NotFound, also for a retired one with the words where it still is, Ambiguous.
    """
    workspace.require()
    picture = look(workspace, at)
    session = find_or_say(reference, picture.sessions, picture.state)
    sighting, state = picture.of(session), picture.state
    if at is None:
        sighting = with_dirt(counted(workspace, [sighting])[0])
        conflicts, approvals = _landing(workspace, picture, sighting)
    else:
        entry = landings.from_cells(session.id, state.stream(landings.stream_of(session.id)))
        conflicts, approvals = None, tuple((one, None) for one in entry.approvals)
    own = [note for note in notes.notes_in(state.streams(notes.KIND)) if note.session == session.id]
    commits, files = changes(workspace, session)
    return Shown(
        picture=picture,
        sighting=sighting,
        brief=state.blob(session.brief).decode("utf-8", "replace") if session.brief else None,
        report=report_of(state, session),
        commits=commits,
        files=files,
        notes=tuple(own),
        conflicts=conflicts,
        approvals=approvals,
        children=tuple(other for other in picture.sightings if other.session.parent == session.id),
        meets=meets(state, picture.sessions, session),
    )


def report_of(state: State, session: Session) -> Report | None:
    """The report kept of a session, None where it wrote none."""
    return parse_report(state.blob(session.report)) if session.report else None


def _landing(
    workspace: Workspace, picture: Picture, sighting: Sighting
) -> tuple[tuple[ShownConflict, ...] | None, tuple[tuple[Approval, bool | None], ...]]:
    """Conflicts of a session that has not landed, and its approvals, each with whether it is stale."""
    session = sighting.session
    entry = landings.from_cells(session.id, picture.state.stream(landings.stream_of(session.id)))
    given = entry.approvals
    landed = session.landed
    if landed is not None and session.landed_head:
        return (), tuple((one, not one.covers(landed.base, landed.head, landed.tree)) for one in given)
    if not could_land(sighting, entry):
        return None, tuple((one, True if one.head != session.head else None) for one in given)
    from ccc.ops.landing.review import review_of  # with the target's settings: pydantic, 50 ms

    try:
        with peek(workspace) as aside:
            shown = review_of(aside, picture, sighting)
    except (NotFound, BadConfig, GitFailed):
        return None, tuple((approval, None) for approval in given)
    proven = tuple((_as_proven(yes), yes.stale) for yes in shown.consent.yeses)
    return shown.conflicts, proven


def _as_proven(yes: Yes) -> Approval:
    """The approval, signed only if its signature holds."""
    return yes.approval if yes.key is not None else replace(yes.approval, signature=None)


def diff(workspace: Workspace, shown: Shown) -> str:
    """What the session changed since its base, as a patch."""
    session = shown.sighting.session
    return history.diff_text(workspace.git, origin(workspace, session), session.head)


def system(workspace: Workspace, shown: Shown) -> str:
    """The system prompt an agent of this session is started with."""
    from ccc.ops.brief import system_text

    return system_text(workspace, shown.sighting.session)
