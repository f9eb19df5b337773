"""The queue of starts: who may start now, who waits and why; any ccc process may give places away.

The decision and the mark that takes the place (the run's folder) are made under one lock, so that two who
look at once start each session once and never exceed a limit. What takes a place is a living process.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ccc.domain import capacity, sessions
from ccc.domain.canonical import Value
from ccc.domain.capacity import Candidate
from ccc.domain.events import Draft
from ccc.domain.sessions import Session, from_cells
from ccc.errors import BadConfig, CccError, Refused, StoreBusy
from ccc.ops import control, dependents, occupancy, starting
from ccc.ops.actor import actor_of
from ccc.ops.look import Picture, Sighting, look
from ccc.ops.starting import Before, Manner
from ccc.ops.survey import Survey, candidate_of, is_queued, remember_trouble, survey
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.runs import drain
from ccc.runs.files import SessionFiles
from ccc.store.lock import locked
from ccc.store.protocol import State

START_LOCK = "start.lock"
FRESH, MAIL, HAND_BACK = "fresh", "mail", "hand-back"
"""How a start begins: a new conversation; in the old one, with nothing but the mail that waits; for the last
turn of a session that has used up a limit."""

LOOK_SECONDS = 5.0
"""Between two looks at a queue for whose change no event comes."""

OVERRIDE = "git ccc start {} --now starts it all the same"


@dataclass(frozen=True)
class Wish:
    """How a start is wished: `mode` (empty, FRESH, MAIL, HAND_BACK), what the agent is told, another engine.

    `first`: before all others; `now`: despite the limits.
    """

    mode: str = ""
    prompt: str | None = None
    engine: str | None = None
    first: bool = False
    now: bool = False


PLAIN = Wish()


@dataclass(frozen=True)
class Begun:
    """What became of a wish: the run that began, or None and why it waits."""

    session: Session
    run: int | None
    why: str = ""


def begin(workspace: Workspace, session: Session, wish: Wish = PLAIN) -> Begun:
    """Starts an agent if it may start now, else queues the session, which then starts by itself.

    Raises Refused, EngineFailed as `starting.prepare`; InsideAgent where an agent goes beyond the limits.
    """
    starting.refuse_unstartable(workspace, session, hand_back=wish.mode == HAND_BACK)
    if wish.now:
        _refuse_agents(workspace, session)
    elif session.run.status == "blocked":
        raise Refused(f"{session.name} is blocked: {session.run.why}", OVERRIDE.format(session.name))
    from ccc.ops import preparing  # 10 ms, where somebody starts

    chosen = session if wish.engine is None else replace(session, engine=wish.engine)
    try:
        outcome = _attempt(workspace, chosen, wish)
    except preparing.Blocked as error:
        dependents.block(workspace, session, error.message)
        return Begun(session, None, error.message)
    if isinstance(outcome, int):
        return Begun(session, outcome)
    _enqueue(workspace, chosen, wish, outcome)
    drain.wake(workspace.layout)
    return Begun(session, None, outcome)


def _refuse_agents(workspace: Workspace, session: Session) -> None:
    """Limits are set by people, and only people go beyond them."""
    actor = actor_of(workspace)
    if actor.agent:
        raise actor.refusal(
            workspace,
            f"starting {session.name} beyond the limits needs a person, and this call comes from inside an"
            f" agent ({actor.agent})",
            f"ask the human to run, in the main checkout: git ccc start {session.name} --now",
        )


def _attempt(workspace: Workspace, session: Session, wish: Wish, *, waited: bool = False) -> int | str:
    """The number of the run that began, or why none did; `waited`: it starts only as one that still waits."""
    from ccc.ops import preparing

    with _alone(workspace, session):
        if preparing.is_needed(session):
            why = _why_not(workspace, session, wish, waited=waited)
            if why is not None:
                return why
            session = preparing.prepare(workspace, session, now=wish.now)
        prepared = starting.prepare(workspace, session, _manner(workspace, session, wish))
        with locked(workspace.layout.root / START_LOCK):
            why = _why_not(workspace, session, wish, waited=waited)
            if why is not None:
                return why
            starting.reserve(prepared)
            _leave_queue(workspace, session, prepared.order.run)  # whoever looks next gives turns by it
        return starting.launch(workspace, prepared)


def go_on(workspace: Workspace, session: Session, manner: Manner) -> int:
    """Starts the run that goes on from one which a kill cut off, and gives its number: it had its place.

    Raises StoreBusy where somebody else starts it, and as `starting.prepare` and `starting.launch`.
    """
    with _alone(workspace, session):
        prepared = starting.prepare(workspace, session, manner)
        with locked(workspace.layout.root / START_LOCK):
            starting.reserve(prepared)
        return starting.launch(workspace, prepared)


def _why_not(workspace: Workspace, session: Session, wish: Wish, *, waited: bool) -> str | None:
    if wish.now:
        return None
    me = _candidate(workspace, session, wish)
    found = survey(workspace, me, exempt=wish.mode == HAND_BACK)
    now = found.picture.of_id(session.id).session.run
    if waited and (now.status, now.number) != ("queued", session.run.number):
        return "it was taken out of the queue meanwhile"
    return found.why_not(session)


@contextlib.contextmanager
def _alone(workspace: Workspace, session: Session) -> Iterator[None]:
    """One process at a time brings a session to its start. Raises StoreBusy."""
    files = SessionFiles.of(workspace.layout, session.id)
    files.root.mkdir(parents=True, exist_ok=True)
    try:
        with locked(files.root / "starting.lock", timeout=0):
            yield
    except StoreBusy as error:
        if "is locked" not in error.message:
            raise
        raise StoreBusy(f"{session.name} is being started by somebody else", "git ccc status") from error


def _manner(workspace: Workspace, session: Session, wish: Wish) -> Manner:
    before = Before(beyond=workspace.now()[:10]) if wish.now else Before()
    if wish.mode == MAIL:
        return Manner(starting.can_resume(workspace, session), "", before=before)
    again = False if wish.mode == FRESH else None
    return Manner(again, wish.prompt, hand_back=wish.mode == HAND_BACK, before=before)


def _candidate(workspace: Workspace, session: Session, wish: Wish) -> Candidate:
    """The session as a candidate at this moment; one in the queue keeps who asked for it, and when."""
    found = candidate_of(session)
    if session.run.status != "queued" or session.start is None:
        by = actor_of(workspace).by or session.created_by or ""
        found = replace(found, by=by, at=workspace.now(), first=False)
    return replace(found, first=True, at=workspace.now()) if wish.first and not found.first else found


def _enqueue(workspace: Workspace, session: Session, wish: Wish, why: str) -> None:
    """Records the wish and why it waits; a session that is in the queue keeps its place unless `first`."""
    files = SessionFiles.of(workspace.layout, session.id)
    number = starting.next_number(session, files.latest() or 0)
    by = actor_of(workspace).by or session.created_by

    def decide(state: State) -> Sequence[Draft]:
        now = from_cells(session.id, state.stream(sessions.stream_of(session.id))) or session
        waits = now.run.status in ("queued", "blocked") and now.run.number == number and now.start is not None
        if waits and now.start is not None and now.start.maker is None and not wish.first:
            return ()
        kept = now.start.prepare if now.start is not None else 0
        record: dict[str, Value] = {
            "by": by,
            "first": int(wish.first),
            "mode": wish.mode,
            "prompt": wish.prompt,
            "engine": wish.engine,
            "maker": None,
            "prepare": kept if now.run.status in ("queued", "blocked") else 0,
        }
        run: dict[str, Value] = {"status": "queued", "why": why}
        text = f"queued{' first' if wish.first else ''}: {why}"
        changes = {sessions.stream_of(session.id): {"start": record, f"run.{number}": run}}
        return (Draft("session.queued", session.name, text, changes, session=session.id, by=by),)

    workspace.store.transact(decide)


def _leave_queue(workspace: Workspace, session: Session, run: int) -> None:
    """Whoever waited and starts now is said to, so that others come first the next time."""
    start = session.start
    if start is None or start.maker is not None or start.begun or session.run.status != "queued":
        return
    record: dict[str, Value] = {"by": start.by, "first": start.first, "mode": start.mode, "begun": 1}
    changes = {sessions.stream_of(session.id): {"start": record}}
    text = f"left the queue for run {run}"
    workspace.store.journal(Draft("session.begun", session.name, text, changes, session=session.id, by="ccc"))


def is_waiting(workspace: Workspace, sighting: Sighting) -> bool:
    """Whether it is in the queue, and nothing but room is missing."""
    ready = not dependents.waits(sighting.session) or sighting.session.run.status != "queued"
    return ready and is_queued(sighting, workspace.replica)


def withdraw(workspace: Workspace, chosen: Sequence[Session], why: str) -> list[Session]:
    """Takes sessions out of the queue, all at once; gives those that were in it."""
    by = actor_of(workspace).by
    words = why or f"taken out of the queue by {by or 'somebody'}"
    wanted = {session.id for session in chosen}
    with locked(workspace.layout.root / START_LOCK):
        seen = [each for each in look(workspace).sightings if each.session.id in wanted]
        taken = [each.session for each in seen if is_queued(each, workspace.replica)]
        if taken:
            workspace.store.transact(lambda _: [_withdrawn(session, words, by) for session in taken])
    return taken


def _withdrawn(session: Session, why: str, by: str | None) -> Draft:
    run: dict[str, Value] = {"status": "stopped", "why": why}
    changes = {sessions.stream_of(session.id): {f"run.{session.run.number}": run}}
    return Draft("session.stopped", session.name, why, changes, session=session.id, by=by)


def take_back(workspace: Workspace, session: Session, why: str) -> None:
    """A session whose first start came to nothing before it began waits for a person again."""
    record: dict[str, Value] = {"status": "created", "why": why}
    changes = {sessions.stream_of(session.id): {f"run.{session.run.number}": record, "start": None}}
    draft = Draft(
        "session.not-started", session.name, f"not started: {why}", changes, session=session.id, by="ccc"
    )

    def decide(state: State) -> Sequence[Draft]:
        now = from_cells(session.id, state.stream(sessions.stream_of(session.id)))
        return (draft,) if now is not None and now.run == session.run else ()

    workspace.store.transact(decide)


# --- what any ccc process does in passing


def run(workspace: Workspace) -> bool:
    """Starts whoever may start now, in order, and asks idle agents to rest for those who wait.

    Whether anything was done.
    """
    picture = look(workspace)
    done = _repair(workspace, picture)
    if not any(is_queued(each, workspace.replica) or _is_blocked(each) for each in picture.sightings):
        return done
    if dependents.update(workspace, picture):
        done, picture = True, look(workspace)
    try:
        found = survey(workspace, picture=picture)
    except BadConfig as error:
        remember_trouble(workspace, error)
        return done
    for place in found.places:
        if place.why is None:
            done |= _take_turn(workspace, found.picture.of_id(place.candidate.id))
    ask_to_rest(workspace, found)
    return done


def _is_blocked(sighting: Sighting) -> bool:
    return sighting.session.run.status == "blocked" and dependents.waits(sighting.session)


def _take_turn(workspace: Workspace, sighting: Sighting) -> bool:
    """Starts one whose turn it is; whether it started or failed to. Somebody else may be quicker."""
    from ccc.ops import preparing

    session, start = sighting.session, sighting.session.start
    wish = PLAIN if start is None else Wish(start.mode, start.prompt, start.engine, bool(start.first))
    chosen = session if wish.engine is None else replace(session, engine=wish.engine)
    try:
        return isinstance(_attempt(workspace, chosen, wish, waited=True), int)
    except preparing.Blocked as error:
        dependents.block(workspace, session, error.message)
    except StoreBusy:
        return False
    except CccError as error:
        give_up(workspace, session, f"{error.message} ({error.hint})" if error.hint else error.message)
    return True


def give_up(workspace: Workspace, session: Session, why: str) -> None:
    """It could have started and could not: a failure of the session, not of the one who looked."""
    record: dict[str, Value] = {"status": "failed", "why": why}
    changes = {sessions.stream_of(session.id): {f"run.{session.run.number}": record}}
    text = f"did not start: {why}"
    draft = Draft("session.failed", session.name, text, changes, session=session.id, by="ccc")
    workspace.store.transact(lambda _: (draft,))


def _repair(workspace: Workspace, picture: Picture) -> bool:
    """Starts of queued sessions that died half-way: their place is free, their turn comes again."""
    dead = [each for each in picture.sightings if is_cut_off(each, workspace)]
    for sighting in dead:
        with contextlib.suppress(StoreBusy), locked(workspace.layout.root / START_LOCK):
            files = SessionFiles.of(workspace.layout, sighting.session.id)
            if not occupancy.takes_place(workspace.layout, sighting.session.id):
                files.run(sighting.session.run.number).order.unlink(missing_ok=True)
                with contextlib.suppress(OSError):
                    files.run(sighting.session.run.number).root.rmdir()
    return bool(dead)


def is_cut_off(sighting: Sighting, workspace: Workspace) -> bool:
    """Whether the start of a queued session died before its host said anything."""
    session, life = sighting.session, sighting.life
    if life is None or session.run.status != "queued" or life.run != session.run.number:
        return False
    files = SessionFiles.of(workspace.layout, session.id).run(life.run)
    unborn = life.ending is None and life.host is None and not files.life.exists()
    return unborn and not occupancy.takes_place(workspace.layout, session.id)


def ask_to_rest(workspace: Workspace, found: Survey) -> None:
    """Idle agents give up their places, as many as wait for one; each goes on when it is sent a message."""
    waiting = [place for place in found.places if place.why is not None and place.why != found.machine]
    if not waiting:
        return
    idle = occupancy.idle(workspace, found.picture, found.occupants)
    for identifier in capacity.to_rest(waiting, idle, found.occupants, found.room):
        with contextlib.suppress(CccError):
            control.rest(workspace, found.picture.of_id(identifier).session)


def anybody_waits(workspace: Workspace) -> bool:
    """Whether somebody who could start waits for room, so that somebody must look again."""
    picture = look(workspace)
    if not any(is_queued(each, workspace.replica) for each in picture.sightings):
        return False
    said = dependents.look_at(picture)
    return any(
        is_queued(each, workspace.replica) and said.get(each.session.id, dependents.READY).ready
        for each in picture.sightings
    )
