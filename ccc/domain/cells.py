"""Stamped cells: the only register of ccc; state is joined per field, never merged as text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from ccc.domain.canonical import Value, canon
from ccc.domain.stamps import rfc3339

Cell = tuple[str, Value]
"""(stamp, value); a value of None is a removed field."""

Cells = Mapping[str, Cell]
"""A stream: field name to cell."""

REAPED = "reaped"
INDEX = "~"


def greater(one: Cell, other: Cell) -> Cell:
    """The cell that wins: greater stamp, and for equal stamps the greater canonical value."""
    return max(one, other, key=lambda cell: (cell[0], canon(cell[1])))


def join(one: Cells, other: Cells) -> dict[str, Cell]:
    """Per field the greater cell. Commutative, associative, idempotent (tested as properties)."""
    joined = dict(one)
    for field, cell in other.items():
        joined[field] = greater(joined[field], cell) if field in joined else cell
    return _above_floor(joined)


def join_all(streams: Iterable[Cells]) -> dict[str, Cell]:
    """The join of any number of states of one stream."""
    joined: dict[str, Cell] = {}
    for cells in streams:
        joined = join(joined, cells)
    return joined


def _above_floor(cells: dict[str, Cell]) -> dict[str, Cell]:
    """`reaped` is a retention floor, the youngest stamp its author had seen: older cells are gone."""
    floor = cells.get(REAPED)
    if floor is None:
        return cells
    return {field: cell for field, cell in cells.items() if field == REAPED or cell[0] > floor[0]}


def values(cells: Cells) -> dict[str, Value]:
    """What the stream says now: fields that are there, with their values."""
    return {field: value for field, (_, value) in cells.items() if value is not None}


def dump(cells: Cells) -> bytes:
    """`state.json`: one field a line as a person reads it, then `"~"`: which event last set what.

    A field named only under `"~"` is a removed one.
    """
    by_stamp: dict[str, list[str]] = {}
    for field, (stamp, _) in sorted(cells.items()):
        by_stamp.setdefault(stamp, []).append(field)
    lines = [
        f"{canon(field)}: {canon(value)}" for field, (_, value) in sorted(cells.items()) if value is not None
    ]
    index = ",\n  ".join(f"{canon(stamp)}: {canon(fields)}" for stamp, fields in sorted(by_stamp.items()))
    lines.append(f'"{INDEX}": {{{index}}}')
    return ("{" + ",\n ".join(lines) + "}\n").encode()


def load(data: bytes) -> dict[str, Cell]:
    """The cells of a `state.json`. Raises ValueError for anything that `dump` did not write."""
    document = json.loads(data)
    try:
        index = document.pop(INDEX)
        return {field: (stamp, document.get(field)) for stamp, fields in index.items() for field in fields}
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"not a state of stamped cells: {error}") from error


DATED = ("claim", "verification", "rejection", "landed", "closed")
"""Fields whose time says what came before them; a redaction leaves it in the record, as `at`."""


def at_of(cells: Cells, field: str) -> str:
    """When a field was set last; empty for one that is not there. A redacted one says when that was."""
    if field not in cells:
        return ""
    stamp, value = cells[field]
    said = value.get("at") if field in DATED and isinstance(value, Mapping) else None
    return str(said or rfc3339(stamp))
