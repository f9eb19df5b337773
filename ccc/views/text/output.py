"""A conversation as lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from ccc.engines.transcripts import UNREADABLE, TurnLine
from ccc.text import printable
from ccc.views.styling import Styling

LINES, CHARACTERS = 12, 500
"""Of one turn's text; the whole is in --json."""

STYLES = {"person": "attention", "agent": "active", "sub-agent": "faint", "tool": "faint", "system": "faint"}


def turns_text(turns: Sequence[TurnLine], look: Styling) -> str:
    """Each turn: who, with what, and the beginning of it."""
    return "\n".join(line for turn in _counted(turns) for line in _turn(turn, look))


def _counted(turns: Sequence[TurnLine]) -> Iterator[TurnLine]:
    """Lines of garbage that follow each other as one, with how many they are."""
    for unreadable, found in groupby(turns, key=lambda turn: turn.numbered(0) == UNREADABLE):
        many = list(found)
        if unreadable and len(many) > 1:
            yield replace(UNREADABLE, text=f"{len(many)} unreadable lines")
        else:
            yield from many


def _turn(turn: TurnLine, look: Styling) -> Iterator[str]:
    time = f"{turn.at[11:19]} " if turn.at else ""
    failed = " failed" if turn.ok is False else ""
    who = f"{turn.role}{failed}{f' uses {turn.tool}' if turn.tool else ''}"
    text = turn.text[:CHARACTERS].strip()
    lines = [printable(line) for line in text.splitlines() if line.strip()]
    first = lines[0] if lines else ""
    yield f"{time}{look.style(printable(who), STYLES.get(turn.role, 'faint'))}: {first}".rstrip(": ")
    yield from (f"  {line}" for line in lines[1:LINES])
    if len(turn.text) > CHARACTERS or len(lines) > LINES:
        yield "  ..."
