"""Conflicts between sessions as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ccc.domain.conflicts import TARGET, Conflict, InFile, Ranges
from ccc.ops.radar.report import Report
from ccc.text import printable
from ccc.views.documents import Document, document
from ccc.views.styling import Styling
from ccc.views.text.ages import age

WIDTH, NAME, CELL = 80, 40, 3
MOST_COLUMNS = (WIDTH - NAME) // CELL
"""Sessions that a table of 80 columns has room for; of more there is only the list."""

SHOWN_FILES, SHOWN_RANGES, SHOWN_HOT, SHOWN_UNSEEN = 5, 4, 10, 10
LEGEND = "T lines  S structure  G gate; small letters: work not committed has a part in it"


def conflicts_document(found: Report) -> Document:
    """`conflicts`; beyond CONTRACT §4: the ids of both sides, `more` files that are not listed, `unseen`."""
    pairs = [_pair(each, found) for each in found.conflicts]
    hot = [{"path": each.path, "sessions": list(each.sessions)} for each in found.hot]
    unseen = [{"session": one.id, "name": one.name, "why": why} for one, why in found.unseen]
    return document(
        found.tip,
        target=found.target,
        checked_at=found.checked_at,
        pairs=pairs,
        hot_files=hot,
        unseen=unseen,
    )


def _pair(each: Conflict, found: Report) -> dict[str, Any]:
    return {
        "a": found.names[each.a],
        "b": found.names[each.b],
        "kind": each.kind,
        "files": [_file(file) for file in each.files],
        "uncommitted": each.uncommitted,
        "since": each.since,
        "told": list(each.told),
        "more": each.more,
        "ids": {"a": None if each.target is not None else each.a, "b": each.b},
    }


def _file(file: InFile) -> dict[str, Any]:
    return {"path": file.path, "a": [list(row) for row in file.a], "b": [list(row) for row in file.b]}


def conflicts_text(found: Report, now: str, look: Styling) -> str:
    """Who conflicts with whom as a table, then each pair with its files and lines, then hot files."""
    lines = [*_heading(found, now), *_table(found, look)]
    for each in found.conflicts:
        lines += ["", *_told(each, found, now, look)]
    if found.hot:
        lines += ["", "touched by several sessions:"]
        lines += [f"  {printable(each.path)}: {', '.join(each.sessions)}" for each in found.hot[:SHOWN_HOT]]
    if found.unseen:
        lines += ["", "not looked into, what is committed counts:"]
        lines += [f"  {printable(f'{one.name}: {why}')}" for one, why in found.unseen[:SHOWN_UNSEEN]]
        rest = len(found.unseen) - SHOWN_UNSEEN
        lines += [f"  and {rest} more"] if rest > 0 else []
    return "\n".join(lines)


def _heading(found: Report, now: str) -> Iterator[str]:
    if not found.is_on:
        yield "the radar is switched off: radar.on in .ccc/config.toml"
    elif found.checked_at is None:
        yield "nobody has looked here yet: git ccc conflicts --now"
    else:
        count = len(found.conflicts)
        words = "no conflicts" if not count else f"{count} conflict{'s' if count > 1 else ''}"
        yield f"{words}; looked at {_ago(found.checked_at, now)}"


def _ago(moment: str, now: str) -> str:
    word = age(moment, now)
    return "just now" if word == "now" else f"{word} ago"


def _table(found: Report, look: Styling) -> Iterator[str]:
    """Rows and columns are those who conflict; a target has a row only."""
    sides = list(dict.fromkeys(side for each in found.conflicts for side in each.pair))
    sides.sort(key=lambda side: (not side.startswith(TARGET), found.names[side]))
    columns = [side for side in sides if not side.startswith(TARGET)]
    if len(found.conflicts) < 2 or len(columns) > MOST_COLUMNS:
        return
    numbers = {side: str(number) for number, side in enumerate(columns, 1)}
    cells = {pair: _letter(each) for each in found.conflicts for pair in (each.pair, each.pair[::-1])}
    yield ""
    yield " " * NAME + "".join(numbers[side].rjust(CELL) for side in columns)
    for side in sides:
        name = f"{numbers.get(side, '').rjust(2)} {found.names[side]}"[: NAME - 1].ljust(NAME)
        row = "".join(cells.get((side, other), ".").rjust(CELL) for other in columns)
        yield f"{name}{row}"
    yield look.style(LEGEND, "faint")


def _letter(each: Conflict) -> str:
    letter = each.kind[0].upper()
    return letter.lower() if each.uncommitted else letter


def _told(each: Conflict, found: Report, now: str, look: Styling) -> Iterator[str]:
    a, b = found.names[each.a], found.names[each.b]
    uncommitted = ", not all committed" if each.uncommitted else ""
    what = f"{each.kind}{uncommitted}, {age(each.since, now)}"
    yield f"{look.style(a, 'branch')} and {look.style(b, 'branch')}: {what}"
    for file in each.files[:SHOWN_FILES]:
        lines = f": {_ranges(file.a)} | {_ranges(file.b)}" if file.a or file.b else ""
        yield f"  {printable(file.path)}{lines}"
    rest = len(each.files) - SHOWN_FILES + each.more
    if rest > 0:
        yield f"  and {rest} more"


def _ranges(rows: Ranges) -> str:
    parts = [str(first) if count <= 1 else f"{first}-{first + count - 1}" for first, count in rows]
    return ", ".join(_cut(parts))


def _cut(parts: Sequence[str]) -> Sequence[str]:
    return parts if len(parts) <= SHOWN_RANGES else [*parts[:SHOWN_RANGES], "..."]
