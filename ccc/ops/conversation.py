"""Where the conversation of a session is written down: transcripts of its engine, logs of its runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ccc.domain.sessions import Session
from ccc.engines import transcripts
from ccc.engines.claude import transcript as claude
from ccc.engines.reading import TURNED_OVER, Cursor, Group
from ccc.engines.rehearsal import transcript as rehearsal
from ccc.engines.transcripts import Source
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.runs.files import SessionFiles, read_json

CLAUDE = "claude"
PARSERS = {CLAUDE: claude.parse, "rehearsal": rehearsal.parse}
LOG, ERRORS = "r", "e"
"""What names of sources from a run's own files begin with; its number follows."""


@dataclass(frozen=True)
class Conversation:
    """What to read, in order, and what is worth saying aloud about it.

    `printed` are the logs of what the engine printed in all runs, `logs` these and its complaints.
    """

    groups: tuple[Group, ...]
    printed: tuple[Path, ...]
    logs: tuple[Path, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class _Run:
    """One run on this machine: the engine it was ordered with, its conversation, and where that was held."""

    number: int
    engine: str
    conversation: str | None
    worktree: Path


def conversation_of(workspace: Workspace, session: Session, begun: Cursor) -> Conversation:
    """The places of a session's conversation, for a reader who has got to `begun`.

    A transcript stands in for the logs of all its runs, at the place of the last; who began with the logs,
    when there was no transcript yet, goes on with them.
    """
    search = _Search(workspace, session, begun)
    groups = tuple(search.groups())
    logs = list(search.logs())
    printed = tuple(source.path for source in logs if source.name.startswith(LOG))
    return Conversation(groups, printed, tuple(source.path for source in logs), tuple(search.remarks))


class _Search:
    def __init__(self, workspace: Workspace, session: Session, begun: Cursor) -> None:
        self.remarks: list[str] = []
        self._files = SessionFiles.of(workspace.layout, session.id)
        self._configuration = _configuration(workspace.environment)
        self._session = session
        self._runs = list(self._ordered())
        self._here = session.where == workspace.replica
        logs = {f"{LOG}{run.number}": run for run in self._runs if any(self._of_run(run))}
        known = {name.removesuffix(TURNED_OVER) for name in begun.marks} if begun.count else set()
        self._by_log = {run.conversation for name, run in logs.items() if name in known}

    def _ordered(self) -> Iterator[_Run]:
        session = self._session
        for number in range(1, (self._files.latest() or 0) + 1):
            order: Mapping[str, Any] = read_json(self._files.run(number).order) or {}
            engine = str(order.get("engine") or session.engine or "").partition(":")[0]
            place = Path(order.get("worktree") or session.worktree or "/")
            yield _Run(number, engine, order.get("conversation") or session.conversation, place)

    def groups(self) -> Iterator[Group]:
        for run in self._runs:
            last = max(each.number for each in self._runs if each.conversation == run.conversation)
            found = self._transcript(run)
            if found is None:
                yield from ((source,) for source in self._of_run(run) if self._readable(source.path))
            elif run.number == last:
                yield found
        if not self._runs and self._session.conversation is not None and self._here:
            run = _Run(0, _engine(self._session), self._session.conversation, _worktree(self._session))
            if found := self._transcript(run):
                yield found

    def logs(self) -> Iterator[Source]:
        """What the engine printed in all runs, and what it complained about."""
        for run in self._runs:
            yield from self._of_run(run)

    def _transcript(self, run: _Run) -> Group | None:
        """The transcript that a run took part in, and those of its sub-agents; None where it is not used."""
        if run.engine != CLAUDE or run.conversation is None or run.conversation in self._by_log:
            return None
        path = claude.find(self._configuration, run.worktree, run.conversation)
        if path is None and not any(_size(each.path) for each in self._of_run(run)):
            return None
        if path is None:
            self._remark(f"no transcript {run.conversation} in {self._configuration}: its log is shown")
            return None
        if not self._readable(path):
            return None
        main = Source(f"t-{run.conversation[:8]}", path, claude.parse)
        beside = [Source(f"s-{_ending(each)}", each, claude.parse) for each in claude.sub_agents(path)]
        return (main, *beside)

    def _of_run(self, run: _Run) -> Iterator[Source]:
        """A run's own files, oldest first."""
        files = self._files.run(run.number)
        parse = PARSERS.get(run.engine, transcripts.plain)
        older = files.log.with_name(f"{files.log.name}.1")
        for name, path, reads in (
            (f"{LOG}{run.number}{TURNED_OVER}", older, parse),
            (f"{LOG}{run.number}", files.log, parse),
            (f"{ERRORS}{run.number}", files.errors, transcripts.complaint),
        ):
            size = _size(path)
            if size is not None and (size or path != files.errors):
                yield Source(name, path, reads)

    def _readable(self, path: Path) -> bool:
        try:
            with path.open("rb"):
                return True
        except OSError as error:
            self._remark(f"{path} cannot be read: {error.strerror}")
            return False

    def _remark(self, words: str) -> None:
        if words not in self.remarks:
            self.remarks.append(words)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _engine(session: Session) -> str:
    return (session.engine or "").partition(":")[0]


def _worktree(session: Session) -> Path:
    return Path(session.worktree or "/")


def _ending(path: Path) -> str:
    """What tells a sub-agent's file from its neighbours, in letters that a cursor may have."""
    return "".join(sign for sign in path.stem if sign.isascii() and sign.isalnum())[-8:]


def _configuration(environment: Mapping[str, str]) -> Path:
    """Where claude keeps its files."""
    named = environment.get("CLAUDE_CONFIG_DIR")
    return Path(named) if named else Path(environment.get("HOME") or "/nonexistent") / ".claude"
