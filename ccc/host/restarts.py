"""An agent's next process: after a crash, with back-off, or for the next turn."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ccc.domain import runs
from ccc.domain.durations import spoken
from ccc.domain.life import PAUSED, STARTING
from ccc.engines.protocol import Limited
from ccc.host.watch import NEVER
from ccc.records import dataclass

if TYPE_CHECKING:
    from ccc.host.host import Host

BACK_OFF = (0.0, 5.0, 20.0)
"""Seconds before the first, second and third restart; who crashes again at once has a reason that stays."""

STABLE_SECONDS = 600.0
"""An agent that worked for so long since its last restart does not crash in a loop."""


@dataclass(frozen=True)
class Again:
    """Another process for the same run, after `delay` seconds. `crash` says why, empty for the next turn."""

    crash: str
    resumes: bool
    prompt: str
    delay: float = 0.0


def begin(host: Host) -> None:
    """The run's first process: at once, after the delay of its order, or when a rate limit is over."""
    order = host.order
    if order.parked:
        host.parking.park(Limited(order.parked["why"], order.parked["until"]))
    else:
        plan(host, Again("", order.resumes, order.prompt, order.delay))


def delay(strikes: int) -> float:
    """Seconds to wait before a restart, after `strikes` of them with no turn ended between."""
    return BACK_OFF[min(strikes, len(BACK_OFF) - 1)]


def restart(host: Host, again: Again) -> None:
    """Counts a crash, says so, and plans the next process. Of a paused agent nothing but that is done."""
    state = host.state
    if again.crash and state.phase != PAUSED:
        state.restarts += 1
        state.strikes += 1
        host.facts.tell(runs.restarted(host.whose, again.crash, state.restarts))
    plan(host, again)


def plan(host: Host, again: Again) -> None:
    """The next process: at once, or after a while; of a paused agent once it is to go on."""
    host.due = (time.monotonic() + again.delay, again)
    later = f"starts again in {spoken(again.delay)}" if again.delay else ""
    why = ", ".join(words for words in (again.crash, later) if words)
    if host.state.phase == PAUSED:
        host.paused_from = STARTING
    elif why or host.state.phase != STARTING:
        host.state.turn_to(STARTING, why or "its next turn")
    if again.delay:
        host.pulse.write(host.state)
    begin_if_due(host)


def begin_if_due(host: Host) -> None:
    """Starts the planned process when its time has come."""
    if host.due is None or host.over is not None or host.state.phase == PAUSED:
        return
    at, again = host.due
    if time.monotonic() < at:
        return
    host.due = None
    host.post.forget()
    host.watch.heard()
    if host.budget.owes(resumes=again.resumes):
        return
    prompt = again.prompt
    if not prompt and host.engine is not None and host.engine.one_turn:
        prompt = host.post.as_prompt(host.turns)
    host.start(resumes=again.resumes, prompt=prompt)


def moment(host: Host) -> float:
    """When something of the agent's process is due by itself, seconds of the monotonic clock."""
    if host.agent is not None:
        return host.watch.next()
    return NEVER if host.due is None or host.state.phase == PAUSED else host.due[0]


def mind_the_count(host: Host) -> None:
    """Restarts of long ago are no sign of a loop."""
    if host.state.strikes and time.monotonic() >= host.started + STABLE_SECONDS:
        host.state.strikes = 0
        host.pulse.changed()
