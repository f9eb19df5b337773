"""A run whose engine gave up for what ends by itself: its process rests, and goes on after that.

A rate limit is waited for however long it lasts, an API that is not there OUTAGES times in a row.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ccc.domain import runs
from ccc.domain.life import LIMITED, STARTING
from ccc.domain.parking import moment_of, spread, text_of
from ccc.engines.protocol import Limited, TurnEnded
from ccc.host import ending
from ccc.host.state import now

if TYPE_CHECKING:
    from ccc.host.host import Host

NEVER = 1e12
LOOK_SECONDS = 20.0
"""The reset is a moment of the wall clock: that it was set, or the machine slept, is noticed so late."""

OUTAGES = 6
"""How often in a row an API that is not there is waited for: with `rate_wait` 5 m over three hours in all."""

TAKEN_UP = (
    "You were {why}. You go on now, in the same conversation and the same worktree; what you called last may"
    " or may not have happened: look at `git status` first, then go on."
)


class Parking:
    """Whether the run is parked and until when; seconds of the wall clock."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._until: float | None = None
        self._times = self._outages = 0
        self._why = self._since = self._given_up = ""
        self._used = 0

    @property
    def parked(self) -> bool:
        """Whether its process is to rest, or rests."""
        return self._until is not None

    def next(self) -> float:
        """The moment of the next decision, seconds of the monotonic clock."""
        if self._until is None:
            return NEVER
        if self._host.agent is not None:
            return time.monotonic()
        return time.monotonic() + min(max(0.1, self._until - time.time()), LOOK_SECONDS)

    def park(self, limit: Limited) -> bool:
        """The engine gave up: nothing runs until the reset, plus this session's share of the spread.

        Whether it rests now: not where the API was away for OUTAGES times in a row.
        """
        host = self._host
        if self.parked:
            return True
        self._mind_answers()
        if limit.outage and not self._bears(limit):
            return False
        named = moment_of(limit.until)
        wait = min(host.order.rate_wait * 2**self._times, 3600.0)
        reset = max(named, time.time()) if named is not None else time.time() + wait
        self._times += 1
        self._until = reset + spread(host.order.session, host.order.stagger)
        host.state.until = text_of(datetime.fromtimestamp(self._until, UTC))
        self._why = f"parked: {limit.why}"
        host.state.turn_to(LIMITED, self._why)
        host.pulse.write(host.state)
        cells = host.state.spending(host.whose.run)
        host.facts.tell(runs.parked(host.whose, host.state.why, host.state.until, cells))
        return True

    def _mind_answers(self) -> None:
        """The model answered in between: what comes now is waited for as briefly as if it were the first."""
        used = self._host.state.book.usage.total.tokens
        if used != self._used:
            self._used, self._times, self._outages = used, 0, 0

    def _bears(self, limit: Limited) -> bool:
        """Whether another outage is waited for; else there are words for it."""
        if self._outages == 0:
            self._since = f"{now()[:16].replace('T', ' ')} UTC"
        if self._outages >= OUTAGES:
            self._given_up = f"{limit.why}; tried again {OUTAGES} times since {self._since}"
            return False
        self._outages += 1
        return True

    def failure(self, ended: TurnEnded) -> str:
        """Why the turn failed for good, with what to do where that is known."""
        hint = f" ({ended.hint})" if ended.hint else ""
        return self._given_up or f"{ended.failure}{hint}"

    def wake(self) -> None:
        """A person wants it to go on at once."""
        if self.parked and self._host.state.phase == LIMITED:
            self._until = 0.0
            self._times = self._outages = 0

    def look(self) -> None:
        """Lets the process end, and starts it again when it is time."""
        host = self._host
        if self._until is None or host.over is not None or host.state.phase != LIMITED:
            return
        if host.agent is not None:
            ending.end_tree(host)
        elif time.time() >= self._until:
            self._until = None
            self._take_up()

    def _take_up(self) -> None:
        host = self._host
        host.state.until = None
        words = TAKEN_UP.format(why=self._why)
        host.state.turn_to(STARTING, f"it was {self._why}")
        host.post.forget()
        host.watch.heard()
        resumes = ending.may_have_begun(host)
        host.start(resumes=resumes, prompt=ending.reminded(host, words) if resumes else host.order.prompt)
