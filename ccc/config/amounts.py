"""What sessions may use, as the team's files write it: `time = "30m"`, `money = "2usd"`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ccc.config.checks import Duration
from ccc.domain import budgets
from ccc.domain.sessions import Limits
from ccc.errors import Usage

PLAIN = re.compile(r"\d{1,15}(?:\.\d{1,9})?")


def _amount(kind: str, unit: str, example: str) -> Callable[[Any], Any]:
    """Reads `200ktok`, or a plain number of the usual unit, as what Limits counts in."""

    def read(value: Any) -> Any:
        text = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
        if not isinstance(text, str):
            raise ValueError(f"must be an amount: write {example}")
        try:
            found = budgets.amount(text + unit if PLAIN.fullmatch(text.strip()) else text)
        except Usage as error:
            why = error.message.partition(" is no budget: ")[2]
            raise ValueError(f"is no amount: {why or f'write {example}'}") from error
        if found.kind != kind or found.more:
            raise ValueError(f"is no such amount: write {example}")
        return found.value / 1_000_000 if kind == "micro_usd" else found.value

    return read


Tokens = Annotated[int, BeforeValidator(_amount("tokens", "tok", "200ktok"))]
Usd = Annotated[float, BeforeValidator(_amount("micro_usd", "usd", "2usd"))]
Memory = Annotated[int, BeforeValidator(_amount("memory_bytes", "mib", "2GB"))]
Processes = Annotated[int, BeforeValidator(_amount("processes", "procs", "50")), Field(ge=1)]


class Shared(BaseModel):
    """What many sessions may use together in one day (UTC); None is no limit. Seconds, tokens, dollars."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    time: Duration | None = None
    tokens: Tokens | None = None
    money: Usd | None = None

    def limits(self) -> Limits:
        """The same as the domain counts it."""
        seconds = None if self.time is None else max(1, round(self.time))
        return Limits(seconds, self.tokens, None if self.money is None else round(self.money * 1_000_000))


class PerSession(Shared):
    """What one session may use; memory (bytes, resident) and processes of its whole tree at one moment."""

    memory: Memory | None = None
    processes: Processes | None = None

    def limits(self) -> Limits:
        shared = super().limits()
        return Limits(shared.seconds, shared.tokens, shared.micro_usd, self.memory, self.processes)
