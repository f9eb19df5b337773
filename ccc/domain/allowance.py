"""What a session may use, and that it has used it up, as recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccc.records import dataclass


@dataclass(frozen=True)
class Limits:
    """What a session may use; None is no limit.

    Seconds (of turns), tokens and money add up over all runs; memory and processes are those of one moment.
    """

    seconds: int | None = None
    tokens: int | None = None
    micro_usd: int | None = None
    memory_bytes: int | None = None
    processes: int | None = None


@dataclass(frozen=True)
class Exhausted:
    """A limit that is used up: nothing starts a turn until a person raises it.

    `what`: a field of Limits, `loop`, or `day`, `role`, `person`. `state` of the one turn in which the agent
    hands back: `due`, `begun`, `over`.
    """

    what: str
    why: str
    state: str
    at: str


def limits_in(value: Mapping[str, Any] | None) -> Limits:
    """The limits recorded so."""
    return Limits() if value is None else Limits(*(value.get(field) for field in LIMITS))


LIMITS = ("seconds", "tokens", "micro_usd", "memory_bytes", "processes")
"""The fields of Limits, in their order."""


def exhausted_in(value: Mapping[str, Any] | None, at: str) -> Exhausted | None:
    """What is recorded as used up; `at` RFC 3339 UTC."""
    if value is None:
        return None
    what, why, state = (str(value.get(field, "")) for field in ("what", "why", "state"))
    return Exhausted(what, why, state, at)
