"""Fits sections into a budget of tokens: what matters most stays, what is left out is said."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ccc.records import dataclass

LEAST_TOKENS = 300
"""Below this not even the names of what was left out would fit."""


@dataclass(frozen=True)
class Section:
    """A part of the document, its `items` ready Markdown, the most important first.

    `intro` stands above the items; `command` shows everything. `rank`: the lower, the earlier it is
    served; `share` of the budget, in percent, that it may take before others have had theirs.
    """

    title: str
    command: str
    rank: int
    share: int
    items: tuple[str, ...]
    intro: str = ""


OPENING = 60
"""Bytes of a heading's signs and of the line that says how many items are left out, at most."""

ROUNDS = 5
"""Room that was reckoned too high is given out again this often, at most."""

Kept = Sequence[int]
"""How many items of each section are shown."""


def estimate(text: str) -> int:
    """Tokens of a text, estimated as its bytes / 3.5, rounded up."""
    return -(-len(text.encode("utf-8")) * 2 // 7)


def fit(
    sections: Sequence[Section], tokens: int, render: Callable[[Kept], str]
) -> tuple[str, tuple[int, ...]]:
    """The document with as much of each section as the budget allows, and how many items that is.

    The first round gives every section its share, the next ones what is left to the most important ones.
    Sizes are reckoned a little too high; the text that is returned has been measured.
    """
    budget = tokens * 7 // 2
    kept = [0] * len(sections)
    admitted: list[int] = []
    text = render(kept)
    order = sorted(range(len(sections)), key=lambda index: sections[index].rank)
    limits = [budget * section.share // 100 for section in sections]
    for number in range(ROUNDS):
        room, before = budget - len(text.encode("utf-8")), len(admitted)
        for index in order:
            room = _admit(sections[index], index, kept, admitted, min(limits[index], room), room)
        text = render(kept)
        if number and len(admitted) == before:
            break
        limits = [budget] * len(sections)
    while estimate(text) > tokens and admitted:
        kept[admitted.pop()] -= 1
        text = render(kept)
    return text, tuple(kept)


def _admit(section: Section, index: int, kept: list[int], admitted: list[int], limit: int, room: int) -> int:
    """Takes items in order while they fit into `limit`; the room left after them."""
    while kept[index] < len(section.items):
        cost = len(section.items[kept[index]].encode("utf-8")) + 2
        if kept[index] == 0:
            cost += len(f"{section.title}{section.intro}{section.command}".encode()) + OPENING
        if cost > limit:
            break
        kept[index] += 1
        admitted.append(index)
        limit, room = limit - cost, room - cost
    return room
