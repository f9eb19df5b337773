"""A run at a rate limit whose engine gave up: its process rests, and goes on after the reset by itself."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ccc.domain import runs
from ccc.domain.life import LIMITED, STARTING
from ccc.domain.parking import moment_of, spread, text_of
from ccc.engines.protocol import Limited
from ccc.host import ending

if TYPE_CHECKING:
    from ccc.host.host import Host

NEVER = 1e12
LOOK_SECONDS = 20.0
"""The reset is a moment of the wall clock: that it was set, or the machine slept, is noticed so late."""

TAKEN_UP = (
    "A rate limit stopped you, and it is over now. You go on in the same conversation and the same worktree;"
    " what you called last may or may not have happened: look at `git status` first, then go on."
)


class Parking:
    """Whether the run is parked and until when; seconds of the wall clock."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._until: float | None = None
        self._times = 0

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

    def park(self, limit: Limited) -> None:
        """The engine gave up: nothing runs until the reset, plus this session's share of the spread."""
        host = self._host
        if self.parked:
            return
        named = moment_of(limit.until)
        wait = min(host.order.rate_wait * 2**self._times, 3600.0)
        reset = max(named, time.time()) if named is not None else time.time() + wait
        self._times += 1
        self._until = reset + spread(host.order.session, host.order.stagger)
        host.state.until = text_of(datetime.fromtimestamp(self._until, UTC))
        host.state.turn_to(LIMITED, f"parked: {limit.why}")
        host.pulse.write(host.state)
        cells = host.state.spending(host.whose.run)
        host.facts.tell(runs.parked(host.whose, host.state.why, host.state.until, cells))

    def worked(self) -> None:
        """A turn ended well: the next limit that names no reset is waited for as briefly as the first."""
        self._times = 0

    def wake(self) -> None:
        """A person wants it to go on at once."""
        if self.parked and self._host.state.phase == LIMITED:
            self._until = 0.0

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
        host.state.turn_to(STARTING, "the rate limit is over")
        host.post.forget()
        host.watch.heard()
        resumes = ending.may_have_begun(host)
        host.start(resumes=resumes, prompt=ending.reminded(host, TAKEN_UP) if resumes else host.order.prompt)
