"""From a recorded message to the agent: into its mail, and an agent at rest is taken up again for it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from ccc.domain import messages
from ccc.domain.alive import day_and_clock
from ccc.domain.life import IDLE, LIMITED, PAUSED, Life
from ccc.domain.messages import Message
from ccc.domain.sessions import Session
from ccc.domain.status import LIVE
from ccc.errors import CccError, EngineFailed, Refused, StoreBusy
from ccc.ops import queueing, recovery
from ccc.ops.look import Sighting, look
from ccc.ops.mail import messages_of, post
from ccc.ops.observe import all_sessions
from ccc.ops.parcels import Plan
from ccc.ops.queueing import Wish
from ccc.ops.receivers import refuse_unreachable
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.runs import handed, mail
from ccc.runs import life as lives
from ccc.runs.files import SessionFiles

TAKEN_SECONDS = 2.0
"""How long an idle agent is given to take a message before its sender is told that it waits."""

START_SECONDS = 10.0
"""How long a host that is just ending is waited for, before another one is started."""

POLL_SECONDS = 0.01

WHEN_STARTED = "it gets it when its agent starts"
BY_READING = "git ccc inbox shows it in its worktree"
IN_INBOX = "it is in the inbox of the people"
NEXT_STEP = "it gets it at its next step"
NEXT_TURN = "it gets it with its next turn"
WHEN_STARTED_AGAIN = "it is stopped, and gets it when somebody resumes it"
WHEN_RESUMED = "it is paused, and gets it when it goes on"
HOST_HALTED = "it gets it once its host, which stands still by a signal, goes on"
TAKEN_UP = "its agent is taken up again for it"
WHEN_ROOM = "its agent is taken up again for it when there is room"
ARRIVED = "it has it"
AT_HOOK = "the claude that is open there gets it at its next tool, prompt or stop"


@dataclass(frozen=True)
class Sent:
    """A message: its id, `to` whom under what name, `queued` or `delivered`, and in words how it goes on."""

    id: str
    to: str
    name: str
    state: str
    how: str


def deliver(workspace: Workspace, plans: Sequence[Plan], *, now: bool = False) -> list[Sent]:
    """Sets recorded messages on their way, all of them; `now` takes agents up despite the limits.

    Raises EngineFailed at the end where an agent at rest could not be started; its messages wait.
    """
    state = workspace.store.state()
    names = {each.id: each.name for each in all_sessions(state)}
    sent, troubles = [], []
    for plan in plans:
        for replaced in plan.replaces:
            mail.taken(SessionFiles.of(workspace.layout, plan.parcel.receiver.to), replaced)
        message = messages.from_cells(plan.message, state.stream(messages.stream_of(plan.message)))
        assert message is not None
        try:
            status, how = _deliver(workspace, plan, message, names, now=now)
        except CccError as error:
            troubles.append(error)
            status, how = "queued", f"it waits: {error.message}"
        sent.append(Sent(message.id, message.to, plan.parcel.receiver.name, status, how))
    if troubles:
        raise EngineFailed(f"recorded, and not delivered yet: {troubles[0].message}", troubles[0].hint)
    return sent


def _deliver(
    workspace: Workspace, plan: Plan, message: Message, names: Mapping[str, str], *, now: bool
) -> tuple[str, str]:
    sighting = plan.parcel.receiver.sighting
    if sighting is None:
        return "queued", IN_INBOX
    if message.waits:
        post(workspace, message, names)
    session = sighting.session
    if handed.visitor(SessionFiles.of(workspace.layout, session.id)) is not None:
        return "queued", AT_HOOK
    if session.engine is None:
        return "queued", BY_READING
    idle = sighting.life is not None and sighting.life.phase == IDLE
    return _hand_over(workspace, session, message.id, idle=idle, now=now)


def _hand_over(
    workspace: Workspace, session: Session, message: str, *, idle: bool, now: bool
) -> tuple[str, str]:
    """Looks after a letter until it is clear who will take it, and starts an agent where nobody will.

    `idle`: it was, so it should take the letter at once. `now`: started despite the limits.
    """
    files = SessionFiles.of(workspace.layout, session.id)
    until = time.monotonic() + TAKEN_SECONDS
    while True:
        if all(letter.id != message for letter in mail.waiting(files)):
            return "delivered", ARRIVED
        life = lives.sight(workspace.layout, session.id)
        if life is None:
            return "queued", _when_started(session)
        put_by = _put_by(session, life)
        if put_by:
            return "queued", put_by
        if life.ending is not None or life.host is None:
            return _take_up(workspace, session, now=now)
        if life.phase == LIMITED:
            return "queued", _when_free(life)
        if "host" in life.halted or (life.phase != IDLE and not idle):
            return "queued", _at_next_step(session, life)
        if time.monotonic() >= until:
            return "queued", NEXT_TURN
        time.sleep(POLL_SECONDS)


def _put_by(session: Session, life: Life) -> str:
    """When somebody who was paused or stopped gets it; empty for all others."""
    phase = life.phase if life.ending is None else life.ending.status
    if phase == "stopped" and life.ending is not None:
        return f"{WHEN_STARTED_AGAIN}: git ccc resume {session.name}"
    if phase == PAUSED and (life.ending is not None or life.host is not None):
        return WHEN_RESUMED
    return ""


def _when_free(life: Life) -> str:
    """It stands at a rate limit, and until when as far as that is known."""
    until = f" until {day_and_clock(life.until)}" if life.until else ""
    return f"it is limited{until}, and gets it when it goes on"


def _when_started(session: Session) -> str:
    """Where the files of its run were deleted nobody starts it by himself."""
    return f"{WHEN_STARTED}: git ccc resume {session.name}" if session.run.status in LIVE else WHEN_STARTED


def _at_next_step(session: Session, life: Life) -> str:
    return f"{HOST_HALTED}: git ccc resume {session.name}" if "host" in life.halted else NEXT_STEP


def _take_up(workspace: Workspace, session: Session, *, now: bool = False) -> tuple[str, str]:
    """Starts the agent again in its conversation, or queues it; its mail is what it is told."""
    sighting = _seen(workspace, session)
    refuse_unreachable(workspace, sighting)
    recovered = recovery.recover(workspace, sighting)
    if recovered is not None and recovered.what == recovery.RESUMED:
        return "queued", TAKEN_UP
    from ccc.ops.handling import clear_away  # 10 ms, where somebody is taken up again

    clear_away(workspace, sighting)
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            begun = queueing.begin(workspace, sighting.session, Wish(queueing.MAIL, now=now))
        except (Refused, StoreBusy) as error:
            life = lives.sight(workspace.layout, session.id)
            if _works(life):
                break  # somebody else was quicker
            is_settled = isinstance(error, Refused) and (life is None or life.host is None)
            if is_settled or time.monotonic() >= until:
                raise
            time.sleep(POLL_SECONDS)
        else:
            return "queued", TAKEN_UP if begun.run is not None else f"{WHEN_ROOM}: {begun.why}"
    return "queued", TAKEN_UP


def _works(life: Life | None) -> bool:
    return life is not None and life.host is not None and life.ending is None


def _seen(workspace: Workspace, session: Session) -> Sighting:
    return look(workspace).of(session)


def revive(workspace: Workspace) -> int:
    """Takes up the agents at rest that have mail of others than ccc: their sender died, or came too late.

    How many were started. One that cannot be started is left to the next call.
    """
    picture = look(workspace)
    wanted = {each.to for each in messages_of(picture.state) if each.waits and each.sender != "ccc"}
    started = 0
    for sighting in picture.sightings:
        life = sighting.life
        if sighting.session.id not in wanted or life is None or life.host is not None:
            continue
        if handed.visitor(SessionFiles.of(workspace.layout, sighting.session.id)) is not None:
            continue
        queued = sighting.session.run.status == "queued" and sighting.session.run.number > life.run
        if life.ending is not None and life.ending.status == "idle" and not queued:
            try:
                _take_up(workspace, sighting.session)
            except CccError:
                continue
            started += 1
    return started
