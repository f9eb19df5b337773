"""All sessions in columns: a look asks each column once, and goes through those sessions that changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import compress, count
from operator import is_not

from ccc.domain.sessionrows import ROWS
from ccc.domain.sessions import Session
from ccc.git.heads import HEADS
from ccc.records import dataclass
from ccc.store.protocol import State

Column = list[str]
NOWHERE = ("",) * 9
"""What the row of a session of another machine begins with."""

COLUMNS = len(NOWHERE) + 2


@dataclass(frozen=True)
class Roster:
    """The sessions of a state, oldest first; "" in a column where it does not concern a session.

    Of all: `statuses` of their runs as recorded, and `grounded` (ids), those that build on others. Of those
    of this machine: `names`, `branches` (full names), `worktrees`, the `folders` that these are in, and
    `folded`, what they are called in small letters ("" too where a file system may know other ways to write
    it). Of the open ones of them: `open` (ids); of those the ones whose branch is followed: `followed` (full
    names), `heads` as recorded, and `targets`. `things` is what the roster was made of.
    """

    things: Mapping[str, Session | None]
    sessions: Sequence[Session]
    names: Column
    branches: Column
    worktrees: Column
    folders: Column
    folded: Column
    open: Column
    followed: Column
    heads: Column
    targets: Column
    statuses: Column
    grounded: Column

    @property
    def mine(self) -> Iterator[Session]:
        """The sessions whose branches are followed."""
        return compress(self.sessions, self.followed)

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns, in their order."""
        here = (self.names, self.branches, self.worktrees, self.folders, self.folded)
        return *here, self.open, self.followed, self.heads, self.targets, self.statuses, self.grounded


class Rosters:
    """The newest roster of a machine (`replica`)."""

    def __init__(self, replica: str) -> None:
        self._replica = replica
        self._newest = nobody()

    def of(self, state: State) -> Roster:
        """The roster of a state."""
        self._newest = renewed(self._newest, state.things(ROWS), self._replica)
        return self._newest


def nobody() -> Roster:
    """The roster of no session."""
    return Roster({}, (), *([] for _ in range(COLUMNS)))


def renewed(before: Roster, things: Mapping[str, Session | None], replica: str) -> Roster:
    """The roster of these sessions; the rows of those that are the same as before are taken over."""
    if things is before.things:
        return before
    sessions = [session for session in things.values() if session is not None]
    columns = _changed(sessions, before, replica) or _columns(sessions, replica)
    return Roster(things, sessions, *columns)


def _changed(sessions: Sequence[Session], before: Roster, replica: str) -> Sequence[Column] | None:
    """The columns of before with the rows that changed; None where sessions came or went."""
    if not sessions or len(sessions) != len(before.sessions):
        return None
    columns = [list(column) for column in before.columns]
    for place in compress(count(), map(is_not, sessions, before.sessions)):
        for column, value in zip(columns, _row(sessions[place], replica), strict=True):
            column[place] = value
    return columns


def _columns(sessions: Sequence[Session], replica: str) -> Sequence[Column]:
    rows = [_row(session, replica) for session in sessions]
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(COLUMNS)]


def _row(session: Session, replica: str) -> tuple[str, ...]:
    return *_here(session, replica), session.run.status, session.id if session.grounds else ""


def _here(session: Session, replica: str) -> tuple[str, ...]:
    if session.where != replica:
        return NOWHERE
    branch, worktree = HEADS + session.branch, session.worktree or ""
    folder, _, name = worktree.rpartition("/")
    here = (session.name, branch, worktree, folder, f"{folder}/{name.lower()}" if name.isascii() else "")
    if session.closed is not None:
        return *here, "", "", "", ""
    if session.stage != "ready":
        return *here, session.id, "", "", ""
    return *here, session.id, branch, session.head, session.target
