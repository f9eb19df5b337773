"""Retiring: closed sessions leave the state after a time, the diary keeps them; old logs are deleted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ccc.domain import landings, messages, notes, retired
from ccc.domain.durations import UNITS
from ccc.domain.events import Draft
from ccc.domain.messagerows import ROWS
from ccc.domain.messages import Message
from ccc.domain.sessions import Session
from ccc.domain.status import seconds_between
from ccc.errors import NeedsPerson
from ccc.ops import bundles, undoings
from ccc.ops.actor import ADMIN_PREFIX, require_person_at_keyboard
from ccc.ops.close import half_closed
from ccc.ops.closing import lock_of
from ccc.ops.inbox import items
from ccc.ops.intents import LAND_LOCK
from ccc.ops.look import look
from ccc.ops.observe import all_sessions
from ccc.ops.oldlogs import OldLogs, delete, old_logs
from ccc.ops.policy import local_policy
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.runs.drain import held
from ccc.store.protocol import State


@dataclass(frozen=True)
class Leaving:
    """A session that may leave: seconds since it was closed, and the streams that leave with it."""

    session: Session
    seconds: float
    streams: tuple[str, ...]


@dataclass(frozen=True)
class Staying:
    """A session that is old enough to leave, and why it stays."""

    session: Session
    seconds: float
    why: str


@dataclass(frozen=True)
class Plan:
    """What would leave, oldest first. `seconds`: the age that counts, None where sessions are kept for ever.

    `logs_seconds`: that of logs, likewise.
    """

    tip: str | None
    seconds: float | None
    logs_seconds: float | None
    leaving: tuple[Leaving, ...]
    staying: tuple[Staying, ...]
    logs: tuple[OldLogs, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing would be done."""
        return not self.leaving and not self.logs


@dataclass(frozen=True)
class Done:
    """What left, how many log files were deleted, and what to say aloud."""

    tip: str | None
    leaving: tuple[Leaving, ...]
    logs: tuple[OldLogs, ...]
    remarks: tuple[str, ...]


def plan(workspace: Workspace, older_than: float | None = None) -> Plan:
    """What would leave now; `older_than`: seconds since closing, in the place of `retention.sessions`.

    Raises BadConfig.
    """
    workspace.require()
    settings, now = local_policy(workspace).settings.retention, workspace.now()
    span = settings.sessions if older_than is None else older_than
    picture = look(workspace)
    leaving: tuple[Leaving, ...] = ()
    staying: tuple[Staying, ...] = ()
    if span is not None:
        waiting = {each.session: each.title for each in items(workspace, picture) if each.session}
        leaving, staying = _judge(workspace, picture.state, span, now, waiting)
    logs = () if settings.logs is None else old_logs(workspace, picture.state, settings.logs, now)
    return Plan(picture.state.tip, span, settings.logs, leaving, staying, tuple(logs))


def retire(workspace: Workspace, planned: Plan, *, yes: bool) -> Done:
    """Does what was planned, as far as it still holds: one event a session, then the logs.

    Raises InsideAgent, NeedsPerson without `yes`, OSError where the disk is full.
    """
    command = "git ccc retire --yes"
    person = require_person_at_keyboard(workspace, "retiring sessions", command)
    if not yes:
        raise NeedsPerson("nothing is retired: nobody agreed", command)
    bundle = bundles.keep(workspace, "retire")
    wanted = {each.session.id for each in planned.leaving}
    left: dict[str, Leaving] = {}

    def decide(state: State) -> Sequence[Draft]:
        left.clear()
        if not wanted:
            return ()
        found, _ = _judge(workspace, state, planned.seconds or 0.0, workspace.now(), {}, only=wanted)
        left.update({each.session.id: each for each in found})
        return [_draft(state, each, person) for each in found]

    workspace.store.transact(decide)
    logs = _still_old(workspace, planned)
    delete(logs)
    remarks = (bundle.remark,) if bundle.remark else ()
    return Done(workspace.reader.tip(), tuple(left.values()), logs, remarks)


def _still_old(workspace: Workspace, planned: Plan) -> tuple[OldLogs, ...]:
    """The logs planned without those of sessions reopened since: a person may take time to agree."""
    if planned.logs_seconds is None or not planned.logs:
        return ()
    wanted = {each.id for each in planned.logs}
    found = old_logs(workspace, workspace.store.state(), planned.logs_seconds, workspace.now())
    return tuple(each for each in found if each.id in wanted)


def _draft(state: State, leaving: Leaving, person: str) -> Draft:
    streams = {name: state.stream(name) for name in leaving.streams}
    return retired.retired(leaving.session, streams, by=person, age=age(leaving.seconds))


def age(seconds: float) -> str:
    """A time span in the greatest unit that it fills: `93 d`, `2 h`."""
    for unit in ("d", "h", "m"):
        if seconds >= UNITS[unit]:
            return f"{int(seconds // UNITS[unit])} {unit}"
    return f"{int(seconds)} s"


def _judge(
    workspace: Workspace,
    state: State,
    span: float,
    now: str,
    waiting: Mapping[str, str],
    *,
    only: set[str] | None = None,
) -> tuple[tuple[Leaving, ...], tuple[Staying, ...]]:
    """Which closed sessions leave, and which stay although they are old enough; `waiting`: inbox titles."""
    sessions = all_sessions(state)
    old = {
        each.id: seconds_between(each.closed.at, now)
        for each in sessions
        if each.closed and (only is None or each.id in only) and seconds_between(each.closed.at, now) >= span
    }
    known = [each for each in state.things(ROWS).values() if each is not None]
    reasons = {
        each.id: why
        for each in sessions
        if each.id in old and (why := _obstacle(workspace, state, each, known, waiting))
    }
    reasons |= _needed(sessions, old.keys() - reasons.keys())
    going = [each for each in sessions if each.id in old and each.id not in reasons]
    streams = _streams(state, sessions, going, known)
    leaving = tuple(Leaving(each, old[each.id], tuple(streams[each.id])) for each in going)
    staying = (Staying(each, old[each.id], reasons[each.id]) for each in sessions if each.id in reasons)
    return leaving, tuple(staying)


def _obstacle(
    workspace: Workspace,
    state: State,
    session: Session,
    known: Sequence[Message],
    waiting: Mapping[str, str],
) -> str | None:
    """Why a closed session cannot leave yet; None where nothing is open."""
    if session.where != workspace.replica:
        return "it lives in another copy of the repository: retire it there"
    begun = undoings.read(workspace.layout)
    admin = workspace.repository.common / "worktrees" / f"{ADMIN_PREFIX}{session.name}"
    under_way = held(lock_of(workspace.layout, session)) or (begun and begun.session == session.id)
    if under_way or half_closed(workspace, session) or admin.exists():
        return "closing or undoing it is not finished"
    if session.landed is not None and held(workspace.layout.root / LAND_LOCK):
        return "a landing, or the undoing of one, goes on"
    if session.questions:
        return "it asked what nobody answered"
    words = next(filter(None, (_unsettled(each) for each in known if session.id in _ends(each))), None)
    if words is not None:
        return words
    entry = landings.from_cells(session.id, state.stream(landings.stream_of(session.id)))
    if entry.queued_at is not None:
        return "it waits to land"
    return f"the inbox has: {waiting[session.id]}" if session.id in waiting else None


def _unsettled(message: Message) -> str | None:
    """What is open about a message; None where it is done with."""
    if message.to == messages.ORCHESTRATOR:
        return None if message.state == "acknowledged" else "nobody acknowledged a message from it"
    return "a message to or from it has not arrived" if message.waits else None


def _needed(sessions: Sequence[Session], wanting: set[str]) -> dict[str, str]:
    """Of those that want to leave, the ones that a staying session names, and by which; to a fixed point."""
    wanting = set(wanting)
    reasons: dict[str, str] = {}
    while True:
        found = {
            named: f"{other.name} stays, which names it"
            for other in sessions
            if other.id not in wanting
            for named in (other.parent, other.origin, *other.after)
            if named in wanting
        }
        if not found:
            return reasons
        reasons.update(found)
        wanting -= found.keys()


def _streams(
    state: State, sessions: Sequence[Session], going: Sequence[Session], known: Sequence[Message]
) -> dict[str, list[str]]:
    """What leaves with each: its own streams, its notes, and messages that no staying session has part in.

    A message between two that leave goes with the older one.
    """
    found = {each.id: [name for name in retired.own_streams(each.id) if state.stream(name)] for each in going}
    staying = {each.id for each in sessions} - found.keys()
    for message in known:
        owner = next((each for each in _ends(message) if each in found), None)
        if owner is not None and not staying.intersection(_ends(message)):
            found[owner].append(messages.stream_of(message.id))
    for note in notes.notes_in(state.streams(notes.KIND)):
        if note.session in found:
            found[note.session].append(notes.stream_of(note.id))
    return found


def _ends(message: Message) -> Iterator[str]:
    """The ids of the sessions at its ends."""
    yield message.to
    if message.from_session is not None:
        yield message.from_session
