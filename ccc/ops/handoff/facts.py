"""Gathers the facts of a hand-off: from a state of `refs/ccc` and from the objects that its cells name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ccc.domain import landings, sessions, targets
from ccc.domain.cells import Cells, values
from ccc.domain.handoff import UNCOMMITTED, Changed, Facts, MovedTarget, Snippet, Uncommitted, Work
from ccc.domain.manifests import is_manifest
from ccc.domain.report import parse_report
from ccc.domain.sessions import Session
from ccc.domain.stamps import rfc3339
from ccc.domain.status import Seen, derive
from ccc.git.command import Git
from ccc.git.objects import MissingObject
from ccc.ops.handoff.objects import Objects, is_oid
from ccc.ops.note import notes_of
from ccc.records import dataclass
from ccc.store.protocol import State

COUNTED = 100
"""Open sessions, the youngest, whose ahead/behind is counted; each costs two git processes of about 3 ms."""

SNIPPETS = 3
TIP, MOVED = "tip.", "moved."
Pair = tuple[str, str]


def gather(git: Git, state: State, tip: str) -> Facts:
    """The facts of a state; `tip` is the commit that it was read from. Raises MissingObject."""
    found = _Gathering(git, state)
    works = tuple(found.work(session) for session in found.sessions)
    return Facts(
        tip=tip,
        as_of=rfc3339(state.clock),
        works=works,
        notes=tuple(notes_of(state)),
        moved=tuple(found.moved()),
        snippets=tuple(found.snippets(works)),
        shallow=found.objects.shallow,
    )


@dataclass(frozen=True)
class _Spans:
    """Between which commits a session's files are counted: landed work, and work since it left its target."""

    landed: Pair | None
    current: Pair | None


class _Gathering:
    """One state with the answers of git on everything it names."""

    def __init__(self, git: Git, state: State) -> None:
        self.state = state
        self.cells = {name.partition("/")[2]: cells for name, cells in state.streams(sessions.KIND).items()}
        self.targets = state.streams(targets.KIND)
        self.sessions = _sessions(self.cells)
        self.tips = {session.id: self._target_tip(session) for session in self.sessions}
        self.objects = Objects.of(git, _commits(self.sessions, self.tips))
        current = [s for s in self.sessions if s.closed is None and not s.landed_head]
        counted = {session.id for session in current[-COUNTED:]}
        self.spans = {s.id: self._spans(s, counted=s.id in counted) for s in self.sessions}
        self.changes = self.objects.changes([pair for spans in self.spans.values() for pair in _pairs(spans)])
        self.counts = {
            session.id: self.objects.ahead_behind(session.head, tip[0])
            for session in self.sessions
            if session.id in counted and (tip := self.tips[session.id]) and is_oid(session.head)
        }

    def work(self, session: Session) -> Work:
        """Everything of one session. Its status is the recorded one, as if branch and worktree were there."""
        cells = self.cells[session.id]
        summary, steps, lost = self._report(session)
        entry = landings.from_cells(session.id, self.state.stream(landings.stream_of(session.id)))
        spans, counts, tip = self.spans[session.id], self.counts.get(session.id), self.tips[session.id]
        return Work(
            session=session,
            view=derive(session, Seen(session.head, worktree=True), session.updated_at),
            summary=summary,
            next_steps=steps,
            report_lost=lost,
            landed_files=self._files(spans.landed),
            files=self._files(spans.current),
            ahead=counts[0] if counts else None,
            behind=counts[1] if counts else None,
            target_at=tip[1] if tip else None,
            uncommitted=_uncommitted(cells),
            branch_gone=_text(values(cells).get("branch_gone")),
            queued_at=entry.queued_at,
            gate=entry.gate,
        )

    def _files(self, pair: Pair | None) -> tuple[Changed, ...] | None:
        return None if pair is None else self.changes.get(pair)

    def _target_tip(self, session: Session) -> tuple[str, str] | None:
        """Where the session's machine saw its target last, else any; with the time."""
        cells = self.targets.get(targets.stream_of(session.target), {})
        own = cells.get(targets.field_of(session.where)) if session.where else None
        seen = [own] if own else [cell for field, cell in cells.items() if field.startswith(TIP)]
        known = [(stamp, value) for stamp, value in seen if isinstance(value, str) and is_oid(value)]
        if not known:
            return None
        stamp, value = max(known)
        return value, rfc3339(stamp)

    def _spans(self, session: Session, *, counted: bool) -> _Spans:
        landed = session.landed
        pair = (landed.base, landed.commit) if landed else None
        if session.landed_head:
            return _Spans(pair, None)
        tip = self.tips[session.id]
        fork = self.objects.merge_base(session.head, tip[0]) if counted and tip else None
        return _Spans(pair, (fork or session.base, session.head))

    def _report(self, session: Session) -> tuple[str, tuple[str, ...], bool]:
        if not is_oid(session.report):
            return "", (), False
        assert session.report is not None
        try:
            report = parse_report(self.state.blob(session.report))
        except MissingObject:
            return "", (), True
        return report.summary, tuple(report.next_steps), False

    def moved(self) -> list[MovedTarget]:
        """Moves of targets by others, oldest first."""
        found = []
        for name, cells in self.targets.items():
            branch = name.partition("/")[2].replace(":", "/")
            for field, (stamp, value) in cells.items():
                if field.startswith(MOVED) and isinstance(value, Mapping):
                    new = _text(value.get("new"))
                    found.append(MovedTarget(branch, _text(value.get("old")) or "", new, rfc3339(stamp)))
        return sorted(found, key=lambda moved: (moved.at, moved.branch))

    def snippets(self, works: Sequence[Work]) -> list[Snippet]:
        """The first hunk of the most changed source file of the sessions that moved last."""
        found: list[Snippet] = []
        for work in sorted(works, key=lambda work: (work.session.updated_at, work.session.id), reverse=True):
            if len(found) == SNIPPETS:
                break
            spans = self.spans[work.session.id]
            pair = spans.current if work.files else spans.landed
            file = _telling(work.files or work.landed_files or ())
            hunk = self.objects.hunk(*pair, file.path) if pair and file else None
            if pair and file and hunk:
                found.append(Snippet(work.session.name, pair[1], file.path, *hunk))
        return found


def _sessions(cells: Mapping[str, Cells]) -> list[Session]:
    """Every session recorded, oldest first."""
    found = [sessions.from_cells(identifier, each) for identifier, each in cells.items()]
    known = [session for session in found if session is not None]
    return sorted(known, key=lambda session: (session.created_at, session.id))


def _commits(found: Sequence[Session], tips: Mapping[str, tuple[str, str] | None]) -> list[str]:
    commits = [commit for session in found for commit in (session.base, session.head)]
    landings_made = [session.landed for session in found if session.landed]
    commits += [commit for landed in landings_made for commit in (landed.base, landed.commit)]
    return commits + [tip[0] for tip in tips.values() if tip]


def _pairs(spans: _Spans) -> list[Pair]:
    return [pair for pair in (spans.landed, spans.current) if pair is not None]


def _telling(files: Sequence[Changed]) -> Changed | None:
    """The file with the most added lines that is text and no manifest or lock file."""
    text = [file for file in files if file.added is not None and not is_manifest(file.path)]
    return max(text, key=lambda file: (file.added or 0, file.path), default=None)


def _uncommitted(cells: Cells) -> Uncommitted | None:
    stamp, value = cells.get(UNCOMMITTED, ("", None))
    if not isinstance(value, Mapping):
        return None
    count, paths = value.get("count"), value.get("paths")
    if not isinstance(count, int) or not isinstance(paths, Sequence):
        return None
    return Uncommitted(count, tuple(str(path) for path in paths), rfc3339(stamp))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
