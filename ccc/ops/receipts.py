"""`send --wait`: ends when every receiver has the message, or has acknowledged it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from ccc.domain import messages
from ccc.domain.messages import Message
from ccc.ops.delivery import Sent
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.runs import drain
from ccc.runs import life as lives
from ccc.store.protocol import State

DELIVERED, ACK = "delivered", "ack"
FOR = (ACK, DELIVERED)
"""What can be waited for: that it was acknowledged (or answered), or that it entered the conversation."""

PAUSE_SECONDS = 0.1
RESTART_SECONDS = 3.0

STATES = ("queued", "delivered", "acknowledged")


@dataclass(frozen=True)
class Receipts:
    """How the waiting ended: each message as it is now, and whether the time limit ended it.

    `stuck` are the ids of those whose receiver was stopped meanwhile: only a person lets it go on.
    """

    sent: tuple[Sent, ...]
    timed_out: bool
    stuck: frozenset[str] = frozenset()

    @property
    def exit(self) -> int:
        """As `wait`: 0 all have it, 1 one bounced or is stuck, 4 time limit."""
        if self.stuck or any(each.state == "bounced" for each in self.sent):
            return 1
        return 4 if self.timed_out else 0

    def missing(self, goal: str) -> list[Sent]:
        """Those that are neither where they should be nor settled otherwise."""
        return [each for each in self.sent if each.state != "bounced" and not _is_there(each, goal)]


def wait(
    workspace: Workspace,
    sent: Sequence[Sent],
    goal: str,
    timeout: float | None,
    *,
    pause: Callable[[float], None] = time.sleep,
) -> Receipts:
    """Waits until each message is where it should be, or bounced; `timeout` in seconds, None is for ever.

    Starts the background work that takes up agents at rest and finds out what cannot arrive.
    """
    until = None if timeout is None else time.monotonic() + timeout
    started = time.monotonic()
    while True:
        state = workspace.reader.state()
        now = tuple(_now(state, each) for each in sent)
        open_ones = Receipts(now, timed_out=False).missing(goal)
        halted = {each.id: why for each in open_ones if (why := _stopped(workspace, each)) is not None}
        if len(halted) == len(open_ones):
            told = tuple(replace(each, how=halted.get(each.id, each.how)) for each in now)
            return Receipts(told, timed_out=False, stuck=frozenset(halted))
        if until is not None and time.monotonic() >= until:
            return Receipts(now, timed_out=True)
        if time.monotonic() - started > RESTART_SECONDS:
            started = time.monotonic()
            drain.start(workspace.layout)
        pause(PAUSE_SECONDS)


def _stopped(workspace: Workspace, sent: Sent) -> str | None:
    """Who stopped its receiver, and how it goes on; None where it was not stopped."""
    life = lives.sight(workspace.layout, sent.to)
    if life is None or life.host is not None or life.ending is None or life.ending.status != "stopped":
        return None
    why = life.ending.why if life.ending.why.startswith("stopped") else f"stopped: {life.ending.why}"
    verb = "gets it" if sent.state == "queued" else "can answer"
    return f"{sent.name} was {why}; it {verb} when somebody resumes it: git ccc resume {sent.name}"


def _is_there(sent: Sent, goal: str) -> bool:
    wanted = STATES.index("acknowledged" if goal == ACK else "delivered")
    return sent.state in STATES and STATES.index(sent.state) >= wanted


def _now(state: State, sent: Sent) -> Sent:
    message = messages.from_cells(sent.id, state.stream(messages.stream_of(sent.id)))
    if message is None or message.state == "queued":
        return replace(sent, state="queued")
    return replace(sent, state=message.state, how=how_it_went(message))


def how_it_went(message: Message) -> str:
    """The highest receipt of a message in words; nothing while it is on its way."""
    if message.state == "acknowledged":
        return "it was acknowledged"
    if message.state == "bounced":
        return f"it bounced: {message.bounced}"
    if message.delivered is None:
        return ""
    turn = message.delivered.turn
    return f"it has it in turn {turn}" if turn is not None else "it has read it"
