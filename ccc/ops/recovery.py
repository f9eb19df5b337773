"""Bringing back sessions whose host was killed: the same conversation, in a new run, or why that cannot be.

Any ccc process does it: the background drain that a neighbour, `wait`, `status`, `log -f`, the MCP server or
any other command starts. Order makes it safe to be killed here at any point: what the old run left is ended,
the new run is begun, and only then the old one's exit record is written; until then the next one sees to it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

from ccc.domain.life import IDLE, LIMITED, PAUSED, Ending, Life
from ccc.domain.sessions import Session
from ccc.domain.status import seconds_between
from ccc.engines import registry
from ccc.errors import BadConfig, CccError, EngineFailed, StoreBusy
from ccc.ops import budgets, control, places, queueing
from ccc.ops.look import Sighting, look
from ccc.ops.starting import Before, Manner
from ccc.ops.survey import remember_trouble
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.runs import hosts
from ccc.runs import life as lives
from ccc.runs.files import SessionFiles
from ccc.runs.order import Order
from ccc.store.crashpoints import reached
from ccc.store.lock import locked

GRACE_SECONDS = 1.0
"""For what a dead agent left running; nobody waits for its words any more."""

STAGGER_SECONDS = 0.25
"""Between the agents of a whole repository that begin again at once; a host is up in 0.2 s, an agent in 1."""

BEING_BORN_SECONDS = 5.0
"""A host that has not spoken yet may be on its way though its starter is gone."""

RESUMED = "resumed"


@dataclass(frozen=True)
class Recovered:
    """A session whose host was gone: `what` became of it (`resumed` or an ending's status), and why."""

    session: Session
    what: str
    why: str


def recover_all(workspace: Workspace) -> list[Recovered]:
    """Sees to every session of this machine whose host is gone, one after the other."""
    if not workspace.layout.runs.is_dir():
        return []
    found: list[Recovered] = []
    for sighting in look(workspace).sightings:
        done = try_again(workspace, sighting, delay=len(found) * STAGGER_SECONDS)
        found += [] if done is None else [done]
    _forget_ended(workspace)
    return found


def is_dead(workspace: Workspace, session: Session, life: Life | None) -> bool:
    """Whether a run's host is gone for good and nobody has seen to it yet."""
    if life is None or not life.unattended:
        return False
    files = SessionFiles.of(workspace.layout, session.id).run(life.run)
    has_spoken = files.life.exists()
    return has_spoken or seconds_between(life.beat, workspace.now()) > BEING_BORN_SECONDS


def try_again(workspace: Workspace, sighting: Sighting, *, delay: float = 0.0) -> Recovered | None:
    """As `recover`; while the configuration cannot be read it is left for later, and that is remembered."""
    try:
        return recover(workspace, sighting, delay=delay)
    except BadConfig as error:
        remember_trouble(workspace, error)
        return None


def recover(workspace: Workspace, sighting: Sighting, *, delay: float = 0.0) -> Recovered | None:
    """Sees to one session; None where nothing is to be done, or somebody else is at it.

    Raises BadConfig: a slip in a file that a person is just editing ends no session.
    """
    session = sighting.session
    if not is_dead(workspace, session, sighting.life) or queueing.is_cut_off(sighting, workspace):
        return None  # the start of a queued session that died half-way: its turn comes again
    if places.moved_to(workspace, session) is not None:
        return None  # it goes on once its worktree is joined again
    files = SessionFiles.of(workspace.layout, session.id)
    with contextlib.suppress(StoreBusy), locked(files.recovery, timeout=0):
        life = lives.sight(workspace.layout, session.id)
        if life is not None and is_dead(workspace, session, life):
            return _see_to(workspace, session, life, files, delay)
    return None


def _see_to(
    workspace: Workspace, session: Session, life: Life, files: SessionFiles, delay: float
) -> Recovered:
    order = Order.read(files.run(life.run))
    over = _verdict(workspace, session, life, order)
    if over is None and order is not None:
        try:
            return _resume(workspace, session, life, order, delay)
        except (StoreBusy, BadConfig):
            raise
        except CccError as error:
            words = f"{error.message} ({error.hint})" if error.hint else error.message
            why = f"{cause(life)}, and it could not be resumed: {words}"
            if places.is_gone(workspace, session):
                why = "its worktree was gone, and it ended with it"
            over = Ending("failed" if isinstance(error, EngineFailed) else "lost", why, workspace.now())
    assert over is not None
    control.bury(workspace, session, life, over, grace=GRACE_SECONDS)
    hosts.take_off(workspace.layout, session.id, life.run)
    return Recovered(session, over.status, over.why)


def cause(life: Life) -> str:
    """What happened to the host, in words."""
    return "the machine was started anew" if life.rebooted else "its host was killed"


def _verdict(workspace: Workspace, session: Session, life: Life, order: Order | None) -> Ending | None:
    """How the run ended; None where it is to go on."""
    now, what = workspace.now(), cause(life)
    if life.outcome is not None and not life.outcome.by_signal:
        return life.outcome  # it had only to be recorded
    asked = control.stop_asked(SessionFiles.of(workspace.layout, session.id).run(life.run))
    if asked is not None:
        return Ending("stopped", asked, now)
    if session.closed is not None:
        return Ending("lost", what, life.beat)
    if order is None:
        return Ending(
            "lost", f"{what}, and what it was to do is gone or of another version of ccc", life.beat
        )
    if session.exhausted is not None:
        return budgets.ending_of(session, life)
    if life.phase == PAUSED:
        return Ending("paused", life.why, life.at)
    if life.phase == IDLE and not life.background:
        return Ending(IDLE, f"{what} after {life.why}; a message takes it up again", now)
    if _was_at_work(workspace, session, life) and not _engine_resumes(order):
        name = order.engine.partition(":")[0]
        why = f"{what}, and {name} cannot take a conversation up again; git ccc start begins anew"
        return Ending("lost", why, now)
    if life.strikes >= order.retries:
        return Ending("failed", f"{what}, restarted {life.strikes} times before", now)
    return None


def _was_at_work(workspace: Workspace, session: Session, life: Life) -> bool:
    """Whether an agent was started in the run, or before it: what it did is not to be done a second time."""
    files = SessionFiles.of(workspace.layout, session.id).run(life.run)
    return life.begun or control.agent_of(files) is not None


def _engine_resumes(order: Order) -> bool:
    return order.engine.partition(":")[0] in registry.BUILT_IN or bool(order.options.get("resume"))


def _resume(workspace: Workspace, session: Session, life: Life, order: Order, delay: float) -> Recovered:
    """Another run takes the conversation up; the old one is recorded once that is under way."""
    from ccc.host import restarts  # with the host: 10 ms, where one was killed

    control.clear(workspace, session, life, grace=GRACE_SECONDS)
    reached("recovery-cleared")
    what = cause(life)
    again, goes_on = replace(session, engine=order.engine), _was_at_work(workspace, session, life)
    if goes_on:
        again = replace(again, conversation=order.conversation)
    before = Before(
        restarts=life.restarts + 1,
        strikes=life.strikes + 1,
        delay=restarts.delay(life.strikes) + delay,
        parked=_parked(workspace, life),
        beyond=order.beyond,
    )
    prompt = _words(what, session, life) if goes_on else order.prompt
    number = queueing.go_on(workspace, again, Manner(goes_on, prompt, before=before))
    reached("recovery-started")
    ending = Ending("lost", f"{what}; run {number} goes on", life.beat)
    control.record_end(workspace, session, life, ending)
    return Recovered(session, RESUMED, f"{what}, run {number} goes on")


def _parked(workspace: Workspace, life: Life) -> dict[str, str]:
    """The rate limit that the run waited for, where it is not over."""
    if life.phase != LIMITED or life.until is None or seconds_between(workspace.now(), life.until) <= 0:
        return {}
    return {"why": life.why.removeprefix("parked: "), "until": life.until}


def _words(what: str, session: Session, life: Life) -> str:
    """What the agent is told first; where it may have been killed before it read its brief, where that is."""
    from ccc.host.ending import after_a_crash, brief_of  # with the host

    words = after_a_crash(what, life.requests)
    return words if life.begun else f"{words} {brief_of(session.name)}"


def _forget_ended(workspace: Workspace) -> None:
    """Takes hosts off the list that were killed after their run's end."""
    for entry in _dead(workspace):
        life = lives.sight(workspace.layout, entry.session)
        if life is None or life.run > entry.run or not life.unattended:
            hosts.take_off(workspace.layout, entry.session, entry.run)


def _dead(workspace: Workspace) -> Iterator[hosts.Entry]:
    for session in hosts.sessions(workspace.layout):
        entry = hosts.read(workspace.layout, session)
        if entry is not None and not entry.alive:
            yield entry
