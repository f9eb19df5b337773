"""What a host knows of its run, and how it makes it known."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import field

from ccc.domain import stamps
from ccc.domain.canonical import Value
from ccc.domain.life import STARTING, Denied, Ending, Request, Trouble
from ccc.domain.spending import Book, value_of
from ccc.engines.protocol import Spent
from ccc.host.clock import Clock
from ccc.platform import processes
from ccc.records import dataclass
from ccc.runs import life
from ccc.runs.files import RunFiles

BEAT_SECONDS = 5.0
"""Between two heartbeats; a host silent for six of them counts as hung."""

CLOCK_SECONDS = 1.0
"""How far the clock of the system may be set before the pulse is written anew."""

PULSE_SECONDS = 1.0
"""At most this late is it known when the engine was heard last."""


def now() -> str:
    """Now, RFC 3339 UTC with milliseconds."""
    return stamps.rfc3339(stamps.make(stamps.now_ms(), 0, "0"))


@dataclass
class RunState:
    """The run as it is now; times RFC 3339 UTC, `heard` and `since` seconds of the monotonic clock."""

    engine: str
    silent: float
    phase: str = STARTING
    why: str = "its process is being started"
    at: str = field(default_factory=now)
    since: float = field(default_factory=time.monotonic)
    heard: float = field(default_factory=time.monotonic)
    spoke: str | None = None
    agent: str | None = None
    turn: int = 0
    restarts: int = 0
    strikes: int = 0
    begun: bool = False
    background: int = 0
    until: str | None = None
    requests: tuple[Request, ...] = ()
    trouble: Trouble | None = None
    outcome: Ending | None = None
    denied: tuple[Denied, ...] = ()
    spent: Spent | None = None
    book: Book = field(default_factory=Book)
    clock: Clock = field(default_factory=Clock)
    limits: Mapping[str, int] = field(default_factory=dict)
    used: Mapping[str, int] = field(default_factory=dict)

    def turn_to(self, phase: str, why: str) -> None:
        """Another phase, or the same one for another reason."""
        if phase != self.phase:
            self.clock.turn_to(phase)
            self.at, self.since = now(), time.monotonic()
        self.phase, self.why = phase, why

    def hear(self) -> None:
        """The engine said something just now."""
        self.heard, self.spoke = time.monotonic(), now()

    def figures(self) -> dict[str, Value] | None:
        """What the run has spent, as recorded; None before the engine told anything."""
        if not self.book.anything:
            return None
        return {**value_of(self.book.usage), **self._window()}

    def spending(self, run: int) -> dict[str, Value]:
        """The cells that record what the run has spent, to be told now."""
        today = now()[:10]
        return {**self.book.tell(run, today, self._window()), **self.clock.tell(run, today)}

    def untold(self, run: int) -> dict[str, Value]:
        """The cells that would record what was used since: whoever finds the host dead tells them."""
        today = now()[:10]
        told = {} if self.book.is_told else self.book.cells(run, today, self._window())
        return {**told, **self.clock.cells(run, today)}

    def use(self, spent: Spent) -> None:
        """What the present process has spent so far."""
        self.spent = spent
        self.book.use(spent.usage)

    def another_process(self) -> None:
        """The next process counts from zero."""
        self.book.another_process()
        if self.spent is not None:
            self.spent = Spent(context=self.spent.context, context_limit=self.spent.context_limit)

    def _window(self) -> dict[str, Value]:
        """How full the context was last."""
        context = (None, None) if self.spent is None else (self.spent.context, self.spent.context_limit)
        return {"context": context[0], "context_limit": context[1]}


class Pulse:
    """Writes the state down: at once when it matters, else at most once a second, and beats in between."""

    def __init__(self, files: RunFiles) -> None:
        self._files, self._run = files, int(files.root.name)
        self._own = processes.own_identity()
        self._written = -PULSE_SECONDS
        self._beaten = 0.0
        self._due = True
        self._clock = 0.0

    def changed(self) -> None:
        """Something worth knowing, though not at once."""
        self._due = True

    def next(self) -> float:
        """When there is something to do again; seconds of the monotonic clock."""
        return self._written + PULSE_SECONDS if self._due else self._beaten + BEAT_SECONDS

    def tick(self, state: RunState) -> None:
        """Writes or beats if it is time to; where the clock was set, all is written anew."""
        moment = time.monotonic()
        is_time_to_beat = moment >= self._beaten + BEAT_SECONDS
        clock_was_set = abs(clock_offset() - self._clock) > CLOCK_SECONDS
        if (self._due and moment >= self._written + PULSE_SECONDS) or (is_time_to_beat and clock_was_set):
            self.write(state)
        elif is_time_to_beat:
            self._beaten = moment
            try:
                life.beat(self._files)
            except OSError:
                self._due = True

    def write(self, state: RunState) -> None:
        """Writes now; a full disk is tried again with the next tick."""
        self._written = self._beaten = time.monotonic()
        self._clock = clock_offset()
        try:
            life.write(self._files, self._document(state))
        except OSError:
            self._due = True
            with suppress(OSError):
                life.beat(self._files)
        else:
            self._due = False

    def _document(self, state: RunState) -> life.Pulse:
        return life.Pulse(
            phase=state.phase,
            why=state.why,
            at=state.at,
            engine=state.engine,
            host=self._own,
            agent=state.agent,
            spoke=state.spoke,
            silent=state.silent,
            turn=state.turn,
            restarts=state.restarts,
            strikes=state.strikes,
            begun=state.begun,
            background=state.background,
            until=state.until,
            request=state.requests[0] if state.requests else None,
            denied=state.denied,
            untold=state.untold(self._run),
            requests=state.requests,
            trouble=state.trouble,
            outcome=state.outcome,
            clock=self._clock,
            limits=state.limits,
            used=state.used,
        )


def clock_offset() -> float:
    """How far the wall clock is from the one that nobody sets, and that stands while the machine sleeps."""
    return time.time() - time.monotonic()


def gone(files: RunFiles) -> bool:
    """Whether somebody took the run's folder away: the repository was deleted under us."""
    return not files.root.is_dir()
