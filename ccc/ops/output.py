"""`output`: the conversation of a session, and what came of it; a page at a time, or as it goes on."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ccc.domain.report import Report
from ccc.domain.sessions import Session
from ccc.domain.stamps import rfc3339
from ccc.engines.reading import Cursor, Mark, read
from ccc.engines.transcripts import TurnLine
from ccc.errors import NotFound, Usage
from ccc.git.history import CommitInfo
from ccc.ops.changes import changes
from ccc.ops.conversation import conversation_of
from ccc.ops.find import find
from ccc.ops.lastturns import last_turns
from ccc.ops.look import Picture, Sighting, look
from ccc.ops.show import Shown, report_of
from ccc.ops.starting import lives
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.runs import life

PAUSE_SECONDS = 0.2
COMMITS = "c"
"""The name of a session's commits as a source, in cursors."""

DIGITS = 16
"""Of an object id in a cursor."""


@dataclass(frozen=True)
class Output:
    """A page of a conversation, and what came of it all.

    `cursor` is for the next page; `remarks` are for people.
    """

    picture: Picture
    sighting: Sighting
    turns: tuple[TurnLine, ...]
    logs: tuple[Path, ...]
    files: tuple[str, ...]
    commits: tuple[str, ...]
    report: Report | None
    cursor: str
    remarks: tuple[str, ...]

    @property
    def goes_on(self) -> bool:
        """Whether more may come."""
        return self.sighting.life is not None and lives(self.sighting.life)


def output(
    workspace: Workspace, reference: str, *, last: int | None = None, since: str | None = None
) -> Output:
    """The conversation: all of it, what came after the cursor or moment `since`, of either the `last` turns.

    Where no conversation is kept, the session's commits and report speak for it. Raises NotFound,
    Ambiguous, Usage for a wrong cursor.
    """
    workspace.require()
    begun, moment = _begun(workspace, since)
    picture = look(workspace)
    session = find(reference, picture.sessions)
    commits, files = changes(workspace, session)
    report = report_of(picture.state, session)
    places = conversation_of(workspace, session, begun)
    remarks = list(places.remarks)
    if places.groups and last is not None and since is None:
        turns, cursor = last_turns(workspace, session, places.groups, last)
    elif places.groups:
        turns, cursor = read(places.groups, begun)
    elif _spoke(workspace, session):
        turns, cursor = _deeds(session, commits, report, begun)
        remarks.append(_why_deeds(workspace, session))
    else:
        turns, cursor = [], begun
        remarks.append(f"{session.name} has said nothing yet")
    if moment is not None and any(turn.at for turn in turns):
        turns = list(itertools.dropwhile(lambda turn: turn.at is None or turn.at <= moment, turns))
    elif moment is not None and turns:
        remarks.append(f"the engine of {session.name} tells no times: all of it is shown")
    return Output(
        picture=picture,
        sighting=picture.of(session),
        turns=tuple(turns if last is None else turns[max(0, len(turns) - last) :]),
        logs=places.logs,
        files=tuple(change.path for change in files),
        commits=tuple(commit.oid for commit in commits),
        report=report,
        cursor=str(cursor),
        remarks=tuple(remarks),
    )


def _begun(workspace: Workspace, since: str | None) -> tuple[Cursor, str | None]:
    """A cursor of output, or the beginning and a moment (RFC 3339): of a time, event or commit."""
    try:
        return Cursor.parse(since), None
    except Usage:
        try:
            return Cursor(), rfc3339(workspace.reader.since(since or ""))
        except NotFound:
            pass
        raise


def follow(
    workspace: Workspace, page: Output, pause: Callable[[float], None] = time.sleep
) -> Iterator[Output]:
    """The pages after this one, as they come, until the session's run is over.

    `pause` is called between two looks with seconds.
    """
    seen = None
    while page.goes_on:
        now = _sizes(workspace, page)
        if now == seen:
            pause(PAUSE_SECONDS)
            continue
        seen = now
        after = output(workspace, page.sighting.session.id, since=page.cursor)
        told = (after.turns, after.sighting.view.status, after.goes_on)
        if told != ((), page.sighting.view.status, True):
            yield after
        page = after


def _sizes(workspace: Workspace, page: Output) -> object:
    """Changes whenever there is more to read, or the run takes a turn."""
    session = page.sighting.session
    places = conversation_of(workspace, session, Cursor.parse(page.cursor))
    found = life.sight(workspace.layout, session.id)
    now = None if found is None else (found.run, found.phase, found.host, found.agent)
    return now, [(source.name, _size(source.path)) for group in places.groups for source in group]


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def raw(workspace: Workspace, reference: str) -> Iterator[bytes]:
    """What its engine printed in all its runs, as it came. Raises NotFound where nothing was kept."""
    workspace.require()
    session = find(reference, look(workspace).sessions)
    places = conversation_of(workspace, session, Cursor())
    if not places.printed:
        raise NotFound(f"no log of {session.name} is kept here", f"git ccc show {session.name}")
    for path in places.printed:
        with path.open("rb") as file:
            while data := file.read(1 << 16):
                yield data


def _spoke(workspace: Workspace, session: Session) -> bool:
    """Whether something was said, or done, that is not written down here."""
    began = session.run.status not in ("created", "queued", "starting")
    return session.engine is None or session.where != workspace.replica or began


def _why_deeds(workspace: Workspace, session: Session) -> str:
    if session.engine is None:
        return f"{session.name} is worked by hand: its commits are shown"
    if session.where != workspace.replica:
        return f"{session.name} is on another machine, its conversation, too: its commits are shown"
    return f"no log of {session.name} is kept here any more: its commits are shown"


def _deeds(
    session: Session, commits: Sequence[CommitInfo], report: Report | None, begun: Cursor
) -> tuple[list[TurnLine], Cursor]:
    """Commits, but for ccc's own, and report as turns; the mark in the cursor is the last one's object id."""
    role = "person" if session.engine is None else "agent"
    done = [
        (commit.oid, TurnLine(role, commit.subject, Shown.at(commit.at)))
        for commit in commits
        if commit.subject != f"Brief for {session.name}"
    ]
    if report is not None and session.report is not None:
        at = session.claim.at if session.claim else None
        done.append((session.report, TurnLine(role, f"reported: {report.summary}", at)))
    names = [oid[:DIGITS] for oid, _ in done]
    mark = begun.marks.get(COMMITS)
    first = names.index(mark.identity) + 1 if mark and mark.identity in names else 0
    turns = [turn.fit().numbered(number) for number, (_, turn) in enumerate(done, 1)][first:]
    marks = {COMMITS: Mark(len(names), names[-1])} if names else {}
    return turns, Cursor(len(names), marks)
