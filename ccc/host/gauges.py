"""What has to be asked for to be known: memory and processes of the tree, money in mid-turn."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from ccc.domain import runs
from ccc.domain.sessions import Limits
from ccc.host.clock import WORKING
from ccc.platform import trees
from ccc.runs import drain

if TYPE_CHECKING:
    from ccc.host.host import Host

NEVER = 1e12
WEIGH_SECONDS = 5.0
"""Between two looks at memory and processes: one costs about 30 microseconds a process of the machine."""

ASK_SECONDS = 5.0
"""Between two questions for money in mid-turn; tokens are told with each answer of the model."""


TELL_SECONDS, LEAST_SECONDS = 30.0, 1.0
"""Between two records of what was spent in mid-turn, where others spend of the same; the least of it."""

PARTS = 20
"""Parts of a common limit; when one was used that is told soon."""


class Gauges:
    """Looks and asks only for what is limited. `memory` in resident bytes."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.memory = self.processes = 0
        self._weighed = time.monotonic()
        self._asked, self._asked_at = -NEVER, 0
        self._told = -NEVER

    def next(self, limits: Limits) -> float:
        """The moment of the next look or question, seconds of the monotonic clock."""
        if self._host.agent is None:
            return NEVER
        moments = [NEVER]
        if _weighs(limits):
            moments.append(self._weighed + WEIGH_SECONDS)
        moments.append(self._next_tell())
        if self._asks(limits) and self._asked_at != self._tokens:
            moments.append(self._asked + ASK_SECONDS)
        return min(moments)

    def read(self, limits: Limits) -> None:
        """Looks and asks if it is time to."""
        if self._host.agent is not None:
            self._weigh(limits)
            self._ask(limits)
            self._tell()

    def _tell(self) -> None:
        """What many have together is added up from what is recorded: in mid-turn, too, where it counts."""
        host = self._host
        if time.monotonic() >= self._next_tell():
            self._told = time.monotonic()
            host.facts.tell(runs.spent(host.whose, host.state.spending(host.whose.run)))

    def _next_tell(self) -> float:
        """Soon where much of a common limit was used, or of common time in a turn that uses nothing else."""
        order, state = self._host.order, self._host.state
        after = NEVER
        if order.shared and not state.book.is_told:
            after = LEAST_SECONDS if self._is_much() else TELL_SECONDS
        seconds = order.shared_limits.get("seconds")
        if seconds and state.phase in WORKING:
            after = min(after, TELL_SECONDS, max(LEAST_SECONDS, seconds / PARTS))
        return self._told + after

    def _is_much(self) -> bool:
        """Whether a part of a common limit was used since it was told last."""
        book, limits = self._host.state.book, self._host.order.shared_limits
        used, told = book.usage.total, book.told.total
        tokens, money = used.tokens - told.tokens, (used.micro_usd or 0) - (told.micro_usd or 0)
        amounts = {"tokens": tokens, "micro_usd": money}
        return any(amount * PARTS >= limits.get(kind, NEVER) for kind, amount in amounts.items())

    def _asks(self, limits: Limits) -> bool:
        """Whether money counts, its own or that of many."""
        return limits.micro_usd is not None or self._host.order.shared

    def forget(self) -> None:
        """What it weighed counts no more; it is looked at anew."""
        self.memory = self.processes = 0
        self._weighed = time.monotonic()

    @property
    def _tokens(self) -> int:
        return self._host.state.book.usage.total.tokens

    def _weigh(self, limits: Limits) -> None:
        if _weighs(limits) and time.monotonic() >= self._weighed + WEIGH_SECONDS:
            self._weighed = time.monotonic()
            self.memory, self.processes = trees.weight(os.getpid(), apart=drain.COMMAND_LINES)
            self._host.pulse.changed()

    def _ask(self, limits: Limits) -> None:
        """After more tokens were used; the engine answers in its stream."""
        agent, engine, tokens = self._host.agent, self._host.engine, self._tokens
        if not self._asks(limits) or agent is None or engine is None or tokens == self._asked_at:
            return
        if time.monotonic() >= self._asked + ASK_SECONDS:
            self._asked, self._asked_at = time.monotonic(), tokens
            agent.write(engine.usage())


def _weighs(limits: Limits) -> bool:
    return limits.memory_bytes is not None or limits.processes is not None
