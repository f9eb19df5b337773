"""A start that was asked for, and what a session builds on: parts of its record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ccc.records import dataclass


@dataclass(frozen=True)
class Start:
    """A start that was asked for, by whom (`s:<id>` or a person); `at` is when, RFC 3339 UTC.

    `first`: a person wants it before all others. `mode`: how it begins (empty: as `start` does; `fresh`,
    `mail`, `hand-back`), `prompt` what the agent is told, `engine` another one than the session's. `maker` is
    the process that makes the session and starts it itself while it lives; `prepare`: the set-up commands
    have not run. `begun`: it has left the queue.
    """

    by: str
    first: int
    mode: str
    prompt: str | None
    engine: str | None
    maker: str | None
    prepare: int
    begun: int
    at: str


@dataclass(frozen=True)
class Ground:
    """A commit of another session that this one builds on: the session's id, and the commit."""

    session: str
    commit: str


def start_of(value: Mapping[str, Any] | None, at: str) -> Start | None:
    """The recorded start; None where none was asked for."""
    if value is None:
        return None
    return Start(
        by=str(value.get("by") or ""),
        first=int(value.get("first", 0)),
        mode=str(value.get("mode", "")),
        prompt=value.get("prompt"),
        engine=value.get("engine"),
        maker=value.get("maker"),
        prepare=int(value.get("prepare", 0)),
        begun=int(value.get("begun", 0)),
        at=at,
    )


def grounds_of(value: Iterable[Mapping[str, Any]]) -> tuple[Ground, ...]:
    """What it builds on, as recorded."""
    return tuple(Ground(each["session"], each["commit"]) for each in value)
