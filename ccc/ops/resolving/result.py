"""What follows from a resolution: the fact, the claim that the work is done again, the memory, the word."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ccc.domain import landings, movements, resolutions, sessions
from ccc.domain.events import Draft
from ccc.domain.resolutions import Resolution
from ccc.domain.sessions import Session
from ccc.ids import short_oid
from ccc.ops import work
from ccc.ops.look import look
from ccc.ops.resolving.matter import remember
from ccc.ops.tell import tell
from ccc.ops.workspace import Workspace
from ccc.store.crashpoints import reached
from ccc.store.protocol import State

HOW = "resolution"
"""How a claim was made that goes on from the one that the session had made before the conflict."""


Facts = Callable[[State], Sequence[Draft]]


def record(
    workspace: Workspace,
    session: Session,
    attempt: Resolution,
    commit: str,
    who: str,
    also: Facts = lambda _: (),
) -> None:
    """Records that a commit on the session's branch resolves a conflict, and in the same step `also`.

    That comes last, for afterwards nobody looks again; all of it may be repeated. Where the session had
    reported its work as done, it is reported so at the resolution: checks and a person's approval follow as
    for any other commit.
    """
    workspace.store.drain()
    learned = remember(workspace, session, attempt.base, attempt.head, commit, who)
    reached("resolution-remembered")
    if who != session.name:
        _tell(workspace, session, commit, who, learned)
    reached("resolution-told")
    workspace.store.transact(lambda state: (*_facts(state, session, attempt, commit, who), *also(state)))
    reached("resolution-recorded")
    work.start(workspace)


def _facts(state: State, session: Session, attempt: Resolution, commit: str, who: str) -> Sequence[Draft]:
    known = resolutions.from_cells(state.stream(landings.stream_of(session.id)))
    if known is not None and known.commit == commit:
        return ()
    facts = [resolutions.resolved(session, attempt, commit, who)]
    fresh = sessions.from_cells(session.id, state.stream(sessions.stream_of(session.id)))
    if fresh is not None and fresh.head == commit and _was_done(fresh, attempt.head):
        claim = movements.claim(fresh, "done", commit, how=HOW, why=f"by {who}")
        facts.append(replace(claim, by=attempt.by))
    return facts


def _was_done(session: Session, head: str) -> bool:
    claim = session.claim
    return claim is not None and claim.state == "done" and claim.commit == head


def _tell(workspace: Workspace, session: Session, commit: str, who: str, files: Sequence[str]) -> None:
    """An agent that lives learns that its files have changed; one at rest is not woken for it."""
    life = look(workspace).of(session).life
    if life is None or life.agent is None:
        return
    words = (
        f"The conflict of your branch with {session.target} was resolved by {who} in {short_oid(commit)},"
        f" which is checked out in your worktree now{': ' if files else ''}{', '.join(files)}."
        " Read it before you go on."
    )
    tell(workspace, session, words, topic="conflict resolved", mark={"resolved": commit})
