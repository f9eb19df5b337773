"""Rows of JSON kept by column: what is the same in all of them is there once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Any, TypeVar

_Thing = TypeVar("_Thing")
Column = list[Any]
"""The value of every row, or the one value of all of them."""


def fold(rows: Sequence[Sequence[Any] | None]) -> dict[str, Any]:
    """The rows, of one width, as a JSON object; a row may be None."""
    absent = [number for number, row in enumerate(rows) if row is None]
    columns = [list(column) for column in zip(*(row for row in rows if row is not None), strict=True)]
    folded = [column[:1] if all(value == column[0] for value in column) else column for column in columns]
    return {"count": len(rows), "absent": absent, "columns": folded}


def unfold(
    document: dict[str, Any],
    names: Sequence[str],
    change: Callable[[dict[str, Column]], None],
    make: Callable[[Sequence[Any]], _Thing],
) -> list[_Thing | None]:
    """The things of rows that `fold` wrote: `change` turns values of columns into what they stand for.

    Raises ValueError, TypeError, KeyError or IndexError for anything else.
    """
    absent, count = document["absent"], int(document["count"])
    present = count - len(absent)
    if not present:
        return [None] * count
    columns = dict(zip(names, document["columns"], strict=True))
    if any(len(column) not in (1, present) for column in columns.values()):
        raise ValueError("columns of different lengths")
    change(columns)
    whole = (repeat(column[0], present) if len(column) == 1 else column for column in columns.values())
    things: list[_Thing | None] = list(map(make, zip(*whole, strict=True)))
    for number in absent:
        things.insert(number, None)
    return things
