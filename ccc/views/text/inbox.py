"""What waits for a person, or for the session that asks, as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ccc.ids import short
from ccc.ops.decided import Decision
from ccc.ops.inbox import Item
from ccc.text import printable
from ccc.views.styling import Styling
from ccc.views.text.ages import age

LINES = 40
"""Of one item's text; the whole of it is in `--json`."""


DECISIONS = 8
"""Shown of those of the last day; all of them are in `--json`."""

NOT_YOU = "decided in the last day; not by you? git ccc log --audit"


def inbox_text(
    waiting: Sequence[Item],
    now: str,
    look: Styling,
    known: Sequence[Decision] = (),
    *,
    inside: bool = False,
) -> str:
    """Each item with its id, kind and age, what it says, what to choose from, and the next command.

    `known`: what was decided lately, newest first. `inside`: it is the inbox of a session.
    """
    lines = [line for item in waiting for line in _lines(item, now, look)]
    if not lines:
        lines = ["nothing new for this session" if inside else "nothing waits for you"]
    return "\n".join([*lines, *_decisions(known, now)])


def _decisions(known: Sequence[Decision], now: str) -> Iterator[str]:
    if known:
        yield ""
        yield NOT_YOU
        for each in known[:DECISIONS]:
            yield f"  {age(each.at, now).rjust(4)}  {printable(_in_words(each))}"
    if len(known) > DECISIONS:
        yield f"  ({len(known) - DECISIONS} more)"


def _in_words(decision: Decision) -> str:
    by = f" by {decision.by}" if decision.by is not None else ""
    signed = ", signed" if decision.signed else ""
    return f"{decision.name} {decision.what}{by}{signed}"


def seen_text(seen: Sequence[Item]) -> str:
    """What was marked as seen, one line an item."""
    lines = [f"seen: {short(item.id)} {printable(item.title)}" for item in seen]
    return "\n".join(lines) or "no message waits to be marked as seen"


def _lines(item: Item, now: str, look: Styling) -> Iterator[str]:
    head = f"{look.style(short(item.id), 'id')}  {item.kind.ljust(8)}  {age(item.since, now).rjust(4)}  "
    yield head + printable(item.title)
    yield from _said(item.text)
    yield from (f"      {number}  {printable(choice)}" for number, choice in enumerate(item.choices, 1))
    yield f"    {look.style(printable(item.command), 'branch')}"


def _said(text: str) -> Iterator[str]:
    """One line as it is; several each behind a bar, so that none of them reads as ccc's own."""
    lines = text.strip("\n").split("\n")
    if len(lines) == 1:
        yield from (f"    {printable(line)}" for line in lines if line)
        return
    yield from (f"    | {printable(line)}".rstrip() for line in lines[:LINES])
    if len(lines) > LINES:
        yield f"    ({len(lines) - LINES} lines more)"
