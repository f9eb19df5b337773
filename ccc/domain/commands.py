"""Commands that ccc ran, as recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccc.records import dataclass


@dataclass(frozen=True)
class Command:
    """One command that ccc ran: exit code None when it hit its time limit; `seconds` wall time.

    `flaky`: it failed, and passed when it was run again.
    """

    command: str
    exit: int | None
    seconds: float
    at: str
    log: str | None
    flaky: bool = False


def command_of(value: Mapping[str, Any]) -> Command:
    """A recorded command; durations are recorded as whole milliseconds."""
    return Command(
        value["command"],
        value.get("exit"),
        value.get("ms", 0) / 1000,
        value["at"],
        value.get("log"),
        bool(value.get("flaky", 0)),
    )


def command_value(command: Command) -> dict[str, Any]:
    """The command as recorded."""
    value: dict[str, Any] = {
        "command": command.command,
        "exit": command.exit,
        "ms": round(command.seconds * 1000),
        "at": command.at,
        "log": command.log,
    }
    return {**value, "flaky": 1} if command.flaky else value
