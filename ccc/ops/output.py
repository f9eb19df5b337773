"""The conversation of a session, from its engine's own transcript, else from the log of its runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ccc.domain.report import Report
from ccc.domain.sessions import Session
from ccc.engines import transcripts
from ccc.engines.claude import transcript as claude
from ccc.engines.rehearsal import transcript as rehearsal
from ccc.engines.transcripts import Source, TurnLine
from ccc.errors import NotFound, Usage
from ccc.ops.find import find
from ccc.ops.look import Picture, Sighting, look
from ccc.ops.show import show
from ccc.ops.starting import lives
from ccc.ops.workspace import Workspace
from ccc.runs.files import SessionFiles

PARSERS = {"claude": claude.parse, "rehearsal": rehearsal.parse}


@dataclass(frozen=True)
class Output:
    """A page of a conversation, and what came of it.

    `cursor` is for the next page; `remarks` are for people.
    """

    picture: Picture
    sighting: Sighting
    turns: tuple[TurnLine, ...]
    logs: tuple[Path, ...]
    files: tuple[str, ...]
    commits: tuple[str, ...]
    report: Report | None
    cursor: str | None
    remarks: tuple[str, ...]

    @property
    def goes_on(self) -> bool:
        """Whether more may come."""
        return self.sighting.life is not None and lives(self.sighting.life)


@dataclass(frozen=True)
class Cursor:
    """Where a reader has got to: in which source, after how many bytes, after how many turns."""

    source: str
    offset: int
    count: int

    @classmethod
    def parse(cls, text: str | None) -> Cursor:
        """A cursor as `str` gives it; the beginning for None. Raises Usage."""
        if text is None:
            return cls("", 0, 0)
        source, _, rest = text.partition(":")
        offset, _, count = rest.partition(".")
        if not offset.isdecimal() or not count.isdecimal():
            raise Usage(f"{text} is no cursor of output", "give the one that git ccc output --json printed")
        return cls(source, int(offset), int(count))

    def __str__(self) -> str:
        return f"{self.source}:{self.offset}.{self.count}"


def output(
    workspace: Workspace,
    reference: str,
    *,
    last: int | None = None,
    since: str | None = None,
    whole: bool = True,
) -> Output:
    """The conversation: all of it, what came after the cursor `since`, or the `last` turns.

    Without `whole` nothing but the turns is looked for. Raises NotFound, Ambiguous, Usage for a wrong cursor.
    """
    shown = show(workspace, reference) if whole else None
    picture = shown.picture if shown else look(workspace)
    sighting = shown.sighting if shown else picture.of(find(reference, picture.sessions))
    session = sighting.session
    remarks: list[str] = []
    turns, cursor = _read(_sources(workspace, session, remarks), Cursor.parse(since))
    if session.engine is None and shown is not None:
        said = [TurnLine("person", commit.subject, shown.at(commit.at)) for commit in shown.commits]
        turns = [turn.numbered(number) for number, turn in enumerate(said, 1)]
        remarks.append(f"{session.name} is worked by hand: its commits are shown")
    return Output(
        picture=picture,
        sighting=sighting,
        turns=tuple(turns if last is None else turns[max(0, len(turns) - last) :]),
        logs=tuple(source.path for source in _logs(workspace, session)),
        files=tuple(change.path for change in shown.files) if shown else (),
        commits=tuple(commit.oid for commit in shown.commits) if shown else (),
        report=shown.report if shown else None,
        cursor=None if cursor is None else str(cursor),
        remarks=tuple(remarks),
    )


def raw(workspace: Workspace, reference: str) -> Iterator[bytes]:
    """What its engine printed in all its runs, as it came. Raises NotFound where nothing was kept."""
    workspace.require()
    picture = look(workspace)
    session = find(reference, picture.sessions)
    logs = [source.path for source in _logs(workspace, session)]
    if not logs:
        raise NotFound(f"no log of {session.name} is kept here", f"git ccc show {session.name}")
    for path in logs:
        with path.open("rb") as file:
            while data := file.read(1 << 16):
                yield data


def _sources(workspace: Workspace, session: Session, remarks: list[str]) -> list[Source]:
    """The transcript where there is one that can be read, else the logs of all runs."""
    if session.engine is not None and session.engine.partition(":")[0] == "claude" and session.conversation:
        path = claude.find(
            _configuration(workspace.environment), Path(session.worktree or "/"), session.conversation
        )
        if path is not None and _readable(path, remarks):
            return [Source(f"t-{session.conversation[:8]}", path, claude.parse)]
        if path is None and session.where == workspace.replica:
            remarks.append("its transcript is not there: the log of its runs is shown")
    return [source for source in _logs(workspace, session) if _readable(source.path, remarks)]


def _readable(path: Path, remarks: list[str]) -> bool:
    try:
        with path.open("rb"):
            return True
    except OSError as error:
        remarks.append(f"{path} cannot be read: {error.strerror}")
        return False


def _configuration(environment: Mapping[str, str]) -> Path:
    """Where claude keeps its files."""
    named = environment.get("CLAUDE_CONFIG_DIR")
    return Path(named) if named else Path(environment.get("HOME") or "/nonexistent") / ".claude"


def _logs(workspace: Workspace, session: Session) -> list[Source]:
    """The logs of its runs on this machine, oldest first; of each what was turned over first."""
    files = SessionFiles.of(workspace.layout, session.id)
    parse = PARSERS.get((session.engine or "").partition(":")[0], transcripts.plain)
    found = []
    for number in range(1, (files.latest() or 0) + 1):
        log = files.run(number).log
        older = log.with_name(f"{log.name}.1")
        found += [Source(f"r{number}a", older, parse), Source(f"r{number}", log, parse)]
    return [source for source in found if source.path.exists()]


def _read(sources: list[Source], begun: Cursor) -> tuple[list[TurnLine], Cursor | None]:
    """The turns after a cursor; a cursor of a source that is not there any more counts as the beginning."""
    names = [source.name for source in sources]
    first = names.index(begun.source) if begun.source in names else 0
    count, turns = (begun.count if begun.source in names else 0), []
    cursor = begun if begun.source else None
    for source in sources[first:]:
        offset = begun.offset if source.name == begun.source else 0
        if source.path.stat().st_size < offset:
            offset = 0
        for line, after in transcripts.lines(source.path, offset):
            for turn in source.parse(line):
                count += 1
                turns.append(turn.numbered(count))
            offset = after
        cursor = Cursor(source.name, offset, count)
    return turns, cursor
