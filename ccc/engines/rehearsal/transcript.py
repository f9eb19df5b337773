"""The conversation of a rehearsal: the lines that its player prints."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ccc.engines.transcripts import UNREADABLE, TurnLine


def parse(line: bytes) -> Sequence[TurnLine]:
    """The turns in a line of the player's stream."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return (UNREADABLE,)
    if not isinstance(found, dict):
        return ()
    kind, text = found.get("type"), str(found.get("text") or "")
    if kind == "says":
        return (TurnLine("agent", text),)
    if kind == "tool":
        return (TurnLine("agent", str(found.get("input") or ""), tool=str(found.get("name"))),)
    if kind == "denied":
        return (TurnLine("tool", str(found.get("what") or ""), tool=str(found.get("tool")), ok=False),)
    if kind == "asks":
        return (TurnLine("agent", text, tool="question"),)
    if kind == "turn-ended":
        failure = found.get("failure")
        return (TurnLine("system", str(failure or text or "its turn ended"), ok=False if failure else None),)
    return ()
