"""Looking after sessions that agents work in; any ccc process may do it, none has to.

What a run left behind is cleared away and said, a program that ends with its turn is taken at its word, an
agent that ended its turn without a report is reminded once, and whoever waited for another may start.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from ccc.domain import movements, sessions
from ccc.domain.events import Draft
from ccc.domain.life import IDLE, PAUSED, Life
from ccc.domain.sessions import Session, from_cells
from ccc.domain.status import FAILED, LIVE, seconds_between
from ccc.engines import registry
from ccc.errors import CccError
from ccc.git import history
from ccc.ops import (
    bouncing,
    budgets,
    control,
    delivery,
    hookpoints,
    mail,
    moves,
    queueing,
    recovery,
    shared_budgets,
)
from ccc.ops.look import Picture, Sighting, look
from ccc.ops.tell import tell
from ccc.ops.workspace import Workspace
from ccc.store.protocol import State

SETTLE_SECONDS = 1.0
"""A turn that ended may still be followed by the report its last command made."""

RECORDED_SECONDS = 2.0
"""Between the exit record and the fact lie milliseconds."""

AT_WORK = ("queued", "starting", "running", "limited", "reported")
"""Statuses of a child for which its parent may well wait in silence."""

REMINDER = (
    "You ended your turn without a report, so nobody knows whether you are done. If you are, commit your work"
    " and run `git ccc report --done --summary TEXT`. If something stops you, run"
    " `git ccc report --blocked WHY`, or ask with `git ccc ask TEXT`. Otherwise go on."
)


def tend(workspace: Workspace) -> bool:
    """Does what is due; whether anything was."""
    if not workspace.layout.runs.exists() and not _anybody_waits(workspace):
        return False
    done = mail.reconcile(workspace, workspace.store.state()) > 0
    done |= hookpoints.settle_all(workspace.layout, _of_this_machine(workspace)) > 0
    done |= delivery.revive(workspace) > 0
    picture = look(workspace)
    done |= bouncing.bounce(workspace, picture) > 0
    done |= _mind_shared_budgets(workspace, picture)
    for sighting in picture.sightings:
        for step in (_recover, _record_end, _hand_back, _believe, _remind):
            done |= step(workspace, picture, sighting)
    done |= moves.tell_of_moves(workspace, picture)
    return queueing.run(workspace) or done


def settles(workspace: Workspace) -> bool:
    """Whether a turn or a run ended just now: what follows from that can be seen in a moment only."""
    now = workspace.now()
    return any(_settles(each.session, each.life, now) for each in look(workspace).sightings)


def _settles(session: Session, life: Life | None, now: str) -> bool:
    if life is None:
        return False
    if life.ending is not None and (life.host is not None or session.run.status in LIVE):
        return _is_just_now(life.ending.at, now, RECORDED_SECONDS)
    return life.phase == IDLE and _tells_by_itself(session) and _is_just_now(life.at, now, SETTLE_SECONDS)


def _is_just_now(moment: str, now: str, seconds: float) -> bool:
    """Not so of what lies ahead: the clock was set back, and nobody shall wait for it."""
    return 0 <= seconds_between(moment, now) < seconds


def _mind_shared_budgets(workspace: Workspace, picture: Picture) -> bool:
    """Agents at work spend of what many have together; nobody's configuration stops the rest of this."""
    with contextlib.suppress(CccError):
        return shared_budgets.enforce(workspace, picture)
    return False


def _of_this_machine(workspace: Workspace) -> list[tuple[str, str]]:
    known = look(workspace).sessions
    return [(each.id, each.name) for each in known if each.where == workspace.replica]


def _anybody_waits(workspace: Workspace) -> bool:
    return any(session.run.status in ("queued", "blocked") for session in look(workspace).sessions)


def _recover(workspace: Workspace, _: Picture, sighting: Sighting) -> bool:
    """A run whose host is gone: another one takes its conversation up, or it is said why not."""
    return recovery.try_again(workspace, sighting) is not None


def _record_end(workspace: Workspace, _: Picture, sighting: Sighting) -> bool:
    """A run whose exit record lies here, and whose end nobody could record: the disk was full."""
    life, session = sighting.life, sighting.session
    if life is None or life.ending is None or life.host is not None or life.unattended:
        return False
    if session.run.number != life.run or session.run.status not in LIVE or life.ending.status not in FAILED:
        return False
    if _is_just_now(life.ending.at, workspace.now(), RECORDED_SECONDS):
        return False
    control.record_end(workspace, session, life, life.ending)
    return True


def _hand_back(workspace: Workspace, _: Picture, sighting: Sighting) -> bool:
    """An agent whose host died when a limit was used up still has its last turn to come, and that alone."""
    life, session = sighting.life, sighting.session
    if life is None or life.ending is None or life.host is not None or not budgets.owes_hand_back(session):
        return False
    if session.run.status == "queued":
        return False
    if session.closed is not None or life.ending.status != PAUSED:
        return False
    with contextlib.suppress(CccError):
        begun = queueing.begin(workspace, session, queueing.Wish(queueing.HAND_BACK))
        return begun.run is not None
    return False


def _believe(workspace: Workspace, _: Picture, sighting: Sighting) -> bool:
    """A program that ends with its turn, exit 0 and its work committed, has said that it is done."""
    life, session = sighting.life, sighting.session
    if life is None or life.ending is None or life.ending.status != IDLE or not _ends_with_its_turn(session):
        return False
    if session.closed is not None or session.landed_head or _claims(session):
        return False
    if not _has_work(session):
        return False
    workspace.store.transact(lambda state: _claimed(state, session))
    return True


def _ends_with_its_turn(session: Session) -> bool:
    return (session.engine or "claude").partition(":")[0] not in registry.BUILT_IN


def _claims(session: Session) -> bool:
    return session.claim is not None and session.claim.commit == session.head


def _has_work(session: Session) -> bool:
    """Whether everything is committed, and more than the brief."""
    folder = Path(session.worktree or "/nonexistent")
    if not (folder / ".git").exists() or any(entry.code != "??" for entry in history.dirty(folder)):
        return False
    return session.head_at > session.created_at and session.head != session.base


def _claimed(state: State, session: Session) -> Sequence[Draft]:
    now = from_cells(session.id, state.stream(sessions.stream_of(session.id)))
    if now is None or now.head != session.head or _claims(now):
        return ()
    return (movements.claim(now, "done", now.head, how="exit", why=""),)


def _remind(workspace: Workspace, picture: Picture, sighting: Sighting) -> bool:
    """An idle agent that said nothing of its work is asked about it, once a run.

    Not while those work that it spawned: it is told what comes of them.
    """
    life, session = sighting.life, sighting.session
    if life is None or sighting.view.status != IDLE or not _has_ended_its_turn(life):
        return False
    if any(each.session.parent == session.id and each.view.status in AT_WORK for each in picture.sightings):
        return False
    settles_yet = _is_just_now(life.at, workspace.now(), SETTLE_SECONDS)
    if settles_yet or life.background or not _tells_by_itself(session) or _reminded(workspace, session, life):
        return False
    return tell(workspace, session, REMINDER, topic="reminder", mark={f"reminded.{life.run}": 1})


def _has_ended_its_turn(life: Life) -> bool:
    """Whether it is idle, or was put to rest so: its process may have been killed before it was reminded."""
    if life.host is None:
        return life.ending is not None and life.ending.status == IDLE
    return life.phase == IDLE


def _tells_by_itself(session: Session) -> bool:
    return session.engine == registry.CLAUDE


def _reminded(workspace: Workspace, session: Session, life: Life) -> bool:
    cells = workspace.reader.state().stream(sessions.stream_of(session.id))
    return f"reminded.{life.run}" in cells
