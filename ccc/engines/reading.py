"""Reading a conversation that is spread over files, page by page: a cursor says how far each one was read."""

from __future__ import annotations

import heapq
import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path

from ccc.engines.transcripts import Source, TurnLine
from ccc.errors import Usage
from ccc.records import dataclass

TEXT = re.compile(r"\d{1,15}(?:_[A-Za-z0-9-]+\.\d{1,15}\.[0-9a-f]+)*")

BLOCK = 1 << 16
LOOKED_BACK = 1 << 18
"""Bytes at the end of a file in which its last turns are looked for."""

TURNED_OVER = "-old"
"""Ends the name of a log that was turned over; before that it had the name without."""

Group = Sequence[Source]
"""Files that were written side by side; of two groups all of the first comes before the second."""


@dataclass(frozen=True)
class Mark:
    """How far a file was read: bytes, and which file that was (its inode), for a log may be turned over."""

    offset: int
    identity: str


@dataclass(frozen=True)
class Cursor:
    """Where a reader has got to: turns read so far, and a mark for each source. Opaque to users."""

    count: int = 0
    marks: Mapping[str, Mark] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str | None) -> Cursor:
        """A cursor as `str` gives it; the beginning for None. Raises Usage."""
        if text is None:
            return cls()
        if not TEXT.fullmatch(text):
            raise Usage(f"{text} is no cursor of output", "give the one that git ccc output --json printed")
        count, *marks = text.split("_")
        parts = [mark.split(".") for mark in marks]
        return cls(int(count), {name: Mark(int(offset), identity) for name, offset, identity in parts})

    def __str__(self) -> str:
        marks = (f"{name}.{mark.offset}.{mark.identity}" for name, mark in self.marks.items())
        return "_".join((str(self.count), *marks))

    def offset_in(self, source: Source) -> int:
        """From where to read on in a file: a mark goes with the file that it was made in."""
        identity, size = _identity(source.path)
        for name, mark in self.marks.items():
            same = name.removesuffix(TURNED_OVER) == source.name.removesuffix(TURNED_OVER)
            if same and mark.identity == identity and mark.offset <= size:
                return mark.offset
        return 0


def _identity(path: Path) -> tuple[str, int]:
    """Inode and size; nothing for a log that is just turned over, and not there for a moment."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return "0", 0
    return f"{found.st_ino:x}", found.st_size


def read(groups: Sequence[Group], begun: Cursor) -> tuple[list[TurnLine], Cursor]:
    """The turns after a cursor, numbered on from it, and the cursor after them. Raises OSError.

    Files of a group are merged by the times told, each in its own order even where its times go back.
    """
    turns: list[TurnLine] = []
    marks: dict[str, Mark] = {}
    for group in groups:
        pages = [_page(source, begun, marks) for source in group]
        turns += heapq.merge(*pages, key=lambda turn: turn.at or "")
    numbered = [turn.numbered(begun.count + number) for number, turn in enumerate(turns, 1)]
    return numbered, Cursor(begun.count + len(turns), marks)


def ends(groups: Sequence[Group]) -> Cursor:
    """The cursor of a reader who wants only what comes after now; nothing is read but the last line's end."""
    marks = {}
    for source in (source for group in groups for source in group):
        identity, size = _identity(source.path)
        marks[source.name] = Mark(_after_last_line(source.path, size), identity)
    return Cursor(1 if marks else 0, marks)


def holds(groups: Sequence[Group], cursor: Cursor) -> bool:
    """Whether every mark of a cursor is in a file that is still there, and none of the files is without."""
    names = {source.name for group in groups for source in group}
    return names == cursor.marks.keys() and all(
        cursor.offset_in(source) == cursor.marks[source.name].offset for group in groups for source in group
    )


def latest(groups: Sequence[Group], count: int, until: Cursor | None = None) -> list[TurnLine] | None:
    """The last turns, up to a cursor or the end, in the order of `read`; from the ends of the files.

    None where it does not follow from the ends: of files side by side one lacks times, or they go back.
    """
    found: list[TurnLine] = []
    for group in reversed(groups):
        missing = count - len(found)
        if missing <= 0:
            break
        tails = [_tail(source, missing, until) for source in group]
        if sum(map(bool, tails)) > 1 and not all(map(_is_in_order, tails)):
            return None
        merged = list(heapq.merge(*tails, key=lambda turn: turn.at or ""))
        found = [*merged[-missing:], *found]
    return found


def _is_in_order(turns: Sequence[TurnLine]) -> bool:
    times = [turn.at or "" for turn in turns]
    return all(times) and times == sorted(times)


def _tail(source: Source, count: int, until: Cursor | None) -> list[TurnLine]:
    """The last turns of one file; looked for in ever greater pieces of its end."""
    end = _identity(source.path)[1] if until is None else until.marks[source.name].offset
    piece = LOOKED_BACK
    while True:
        begin = max(0, end - piece)
        turns: list[TurnLine] = []
        for number, (found, after) in enumerate(source.read(begin)):
            if after > end:
                break
            if number or not begin:  # else it may be the second half of a line
                turns += found
        if begin == 0 or len(turns) >= count:
            return turns[-count:]
        piece *= 4


def _after_last_line(path: Path, size: int) -> int:
    """The offset after the last complete line."""
    if size == 0:
        return 0
    with path.open("rb") as file:
        while size > 0:
            begin = max(0, size - BLOCK)
            file.seek(begin)
            at = file.read(size - begin).rfind(b"\n")
            if at >= 0:
                return begin + at + 1
            size = begin
    return 0


def _page(source: Source, begun: Cursor, marks: dict[str, Mark]) -> list[TurnLine]:
    """What a source has to say after the cursor, in its own order; sets its mark."""
    offset, identity = begun.offset_in(source), _identity(source.path)[0]
    turns: list[TurnLine] = []
    for found, after in source.read(offset):
        offset = after
        turns += found
    marks[source.name] = Mark(offset, identity)
    return turns
