"""What the radar compares: every active session's work as it is now, and the targets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from ccc.domain.conflicts import TARGET
from ccc.domain.sessions import Session
from ccc.git import heads
from ccc.ops.observe import HEADS, all_sessions
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.store.protocol import State


@dataclass(frozen=True)
class Tip:
    """One side: a session (`key` its id), or a target branch (`key` begins with TARGET, `session` is None).

    `commit` is the branch's tip, or a snapshot of the worktree on top of it where that is `uncommitted`.
    """

    key: str
    name: str
    session: Session | None
    commit: str
    uncommitted: bool = False


@dataclass(frozen=True)
class Tips:
    """The sessions, oldest first, behind the targets that they land on; `trunk` is that of most of them."""

    trunk: Tip | None
    all: tuple[Tip, ...]


def target_key(branch: str) -> str:
    """What stands for a target in the place of a session's id."""
    return f"{TARGET}{branch}"


def active(workspace: Workspace, state: State, refs: Mapping[str, str]) -> Iterator[tuple[Session, str]]:
    """The sessions of this machine that are not closed and have something that has not landed, with tips."""
    for session in all_sessions(state):
        tip = refs.get(HEADS + session.branch)
        if tip is None or session.closed is not None or session.where not in (None, workspace.replica):
            continue
        if HEADS + session.target in refs:
            yield session, tip


def tips(workspace: Workspace, state: State, snapshots: Mapping[str, tuple[str, str]]) -> Tips:
    """Where everybody stands. `snapshots`: session's id to (branch's tip, snapshot made on top of it)."""
    refs = heads.branches(workspace.git, workspace.repository.common)
    found = []
    for session, tip in active(workspace, state, refs):
        below, commit = snapshots.get(session.id, (tip, tip))
        fresh = below == tip and commit != tip
        if fresh or session.landed is None or tip not in (session.landed.head, session.landed.advanced):
            found.append(Tip(session.id, session.name, session, commit if fresh else tip, fresh))
    counts = Counter(each.session.target for each in found if each.session is not None)
    targets = [Tip(target_key(name), name, None, refs[HEADS + name]) for name, _ in counts.most_common()]
    return Tips(targets[0] if targets else None, (*targets, *found))
