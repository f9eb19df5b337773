"""What there is to say of conflicts now: as recorded, with the lines that were seen last."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from ccc.domain import conflicts
from ccc.domain.conflicts import Conflict
from ccc.domain.sessions import Session
from ccc.ops.landing import clashes
from ccc.ops.observe import all_sessions
from ccc.ops.radar import present
from ccc.ops.radar.present import HotFile
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.runs import lookout
from ccc.store.protocol import State


@dataclass(frozen=True)
class Report:
    """Every conflict, those with targets first, then the oldest.

    `names` gives a side's key its name. `target` is that of most sessions, and `checked_at` when the radar
    looked last on this machine; None where it never did. `is_on`: it looks by itself. `unseen`: sessions
    whose worktree could not be looked into, each with the reason.
    """

    tip: str | None
    target: str | None
    checked_at: str | None
    conflicts: tuple[Conflict, ...]
    hot: Sequence[HotFile]
    names: Mapping[str, str]
    is_on: bool = True
    unseen: Sequence[tuple[Session, str]] = ()


def report(workspace: Workspace) -> Report:
    """As recorded; looks at no branch and no file. Raises NotInitialised."""
    workspace.require()
    state, now = workspace.reader.state(), present.read(workspace.layout)
    sessions = {session.id: session for session in all_sessions(state)}
    fresh = {each.pair: each for each in now.conflicts}
    found = [_with_lines(each, fresh.get(each.pair)) for each in standing(state, sessions)]
    found += clashes.conflicts(state, sessions)
    names = {side: name_of(side, sessions) for each in found for side in each.pair}
    return Report(
        tip=state.tip,
        target=now.target,
        checked_at=now.checked_at,
        conflicts=tuple(sorted(found, key=lambda each: (each.target is None, each.since, each.pair))),
        hot=now.hot,
        names=names,
        is_on=not (workspace.layout.radar / lookout.OFF).exists(),
        unseen=tuple(_unseen(workspace, now, sessions)),
    )


def _unseen(
    workspace: Workspace, now: present.Present, sessions: Mapping[str, Session]
) -> Iterator[tuple[Session, str]]:
    """Those of this machine that could not be looked into, then those of others, of which nothing is here."""
    for each in now.unseen:
        session = sessions.get(each.session)
        if session is not None and session.closed is None:
            yield session, each.why
    for session in sessions.values():
        if (
            session.where not in (None, workspace.replica)
            and session.closed is None
            and not session.landed_head
        ):
            yield session, "it is on another machine"


def standing(state: State, sessions: Mapping[str, Session]) -> Iterator[Conflict]:
    """The recorded conflicts of what is open and has not landed, each once whoever saw it."""
    seen = set()
    for each in conflicts.conflicts_in(state.streams(conflicts.KIND)):
        sides = [sessions.get(key) for key in each.pair if not key.startswith(conflicts.TARGET)]
        if each.pair not in seen and all(side is not None and _has_part(side, each) for side in sides):
            seen.add(each.pair)
            yield each


def _has_part(session: Session, conflict: Conflict) -> bool:
    return session.closed is None and (conflict.uncommitted or not session.landed_head)


def meets(state: State, sessions: Iterable[Session], session: Session) -> tuple[tuple[str, Conflict], ...]:
    """The recorded conflicts of one session, each with the other side's name."""
    known = {each.id: each for each in sessions}
    mine = [each for each in standing(state, known) if session.id in each.pair]
    return tuple((name_of(each.b if each.a == session.id else each.a, known), each) for each in mine)


def name_of(key: str, sessions: Mapping[str, Session]) -> str:
    """A session's name, or a target's."""
    session = sessions.get(key)
    return session.name if session is not None else key.removeprefix(conflicts.TARGET)


def _with_lines(recorded: Conflict, fresh: Conflict | None) -> Conflict:
    """Lines move with every save, which is no fact of its own."""
    return recorded if fresh is None else replace(fresh, since=recorded.since, told=recorded.told)
