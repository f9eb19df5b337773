"""What an engine wrote down of a conversation: lines of a file, read from an offset, broken or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

LONGEST = 4 * 1024 * 1024
"""Bytes of one line that are looked at; of a longer one only that it was there."""

TEXT_LIMIT = 20_000
"""Characters of one turn's text."""

CUT = " [... cut]"


@dataclass(frozen=True)
class TurnLine:
    """One thing said or done. `role` is person, agent, tool or system; `tool` names one that was used.

    `ok`: whether a tool succeeded, None for anything else. `n` counts from 1; `at` RFC 3339 UTC.
    """

    role: str
    text: str
    at: str | None = None
    tool: str | None = None
    ok: bool | None = None
    n: int = 0

    def numbered(self, n: int) -> TurnLine:
        """The same with its number, its text cut to what is shown."""
        text = self.text if len(self.text) <= TEXT_LIMIT else self.text[:TEXT_LIMIT] + CUT
        return replace(self, n=n, text=text)


Parse = Callable[[bytes], Sequence[TurnLine]]
"""The turns in one line; none for lines of no interest, never an error."""


@dataclass(frozen=True)
class Source:
    """A file with a conversation; `name` says which one, in cursors and to people."""

    name: str
    path: Path
    parse: Parse


def lines(path: Path, offset: int) -> Iterator[tuple[bytes, int]]:
    """The complete lines from an offset, each with the offset after it. Raises OSError.

    Of a line that is too long only its beginning is given; one that is still being written is left out.
    """
    with path.open("rb") as file:
        file.seek(offset)
        while True:
            line = file.readline(LONGEST)
            if not line:
                return
            if not line.endswith(b"\n") and len(line) == LONGEST and not _skip(file.readline):
                return
            if not line.endswith(b"\n") and len(line) < LONGEST:
                return
            yield line.rstrip(b"\n"), file.tell()


def _skip(read: Callable[[int], bytes]) -> bool:
    """Passes over the rest of a long line; whether it ends."""
    while piece := read(LONGEST):
        if piece.endswith(b"\n"):
            return True
    return False


def plain(line: bytes) -> Sequence[TurnLine]:
    """A line of a program that knows no format."""
    text = line.decode("utf-8", "replace").strip()
    return (TurnLine("agent", text),) if text else ()
