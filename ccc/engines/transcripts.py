"""What an engine wrote down of a conversation: lines of a file, read from an offset, broken or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ccc.records import dataclass

LONGEST = 4 * 1024 * 1024
"""Bytes of one line that are looked at; of a longer one only that it was there."""

TEXT_LIMIT = 20_000
"""Characters of one turn's text."""

CUT = " [... cut]"
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class TurnLine:
    """One thing said or done. `role` is person, agent, sub-agent, tool or system; `tool` names one used.

    `ok`: whether a tool succeeded, False also for what broke off; None for anything else. `n` counts from 1;
    `at` RFC 3339 UTC.
    """

    role: str
    text: str
    at: str | None = None
    tool: str | None = None
    ok: bool | None = None
    n: int = 0

    def numbered(self, n: int) -> TurnLine:
        """The same with its number."""
        return replace(self, n=n)

    def fit(self) -> TurnLine:
        """The same with text that every door can pass on: cut to what is shown, without halves of signs."""
        text = self.text if len(self.text) <= TEXT_LIMIT else self.text[:TEXT_LIMIT] + CUT
        return replace(self, text=_whole(text), tool=self.tool and _whole(self.tool))


def _whole(text: str) -> str:
    """Text that can be encoded: JSON may hold half of a surrogate pair."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


Parse = Callable[[bytes], Sequence[TurnLine]]
"""The turns in one line; none for lines of no interest, never an error."""

UNREADABLE = TurnLine("system", "an unreadable line", ok=False)


@dataclass(frozen=True)
class Source:
    """A file with a conversation, or a part of one; `name` (letters, digits, `-`) says which, in cursors."""

    name: str
    path: Path
    parse: Parse

    def read(self, offset: int) -> Iterator[tuple[tuple[TurnLine, ...], int]]:
        """The turns of each complete line from an offset, with the offset after it. Raises OSError."""
        before = offset
        for line, after in lines(self.path, offset):
            if after - before > LONGEST:
                size = (after - before) / MEGABYTE
                yield (TurnLine("system", f"a line of {size:.1f} MB, left out", ok=False),), after
            else:
                yield tuple(turn.fit() for turn in self.parse(line)), after
            before = after


def lines(path: Path, offset: int) -> Iterator[tuple[bytes, int]]:
    """The complete lines from an offset, each with the offset after it. Raises OSError.

    Of a line that is too long only its beginning is given; one that is still being written is left out.
    A file that has gone since it was listed has none: logs are turned over, and deleted.
    """
    try:
        opened = path.open("rb")
    except FileNotFoundError:
        return
    with opened as file:
        file.seek(offset)
        while line := file.readline(LONGEST):
            if not line.endswith(b"\n") and not _skip(file.readline):
                return
            yield line.rstrip(b"\r\n"), file.tell()


def _skip(read: Callable[[int], bytes]) -> bool:
    """Passes over the rest of a long line; whether it ends."""
    while piece := read(LONGEST):
        if piece.endswith(b"\n"):
            return True
    return False


def plain(line: bytes) -> Sequence[TurnLine]:
    """A line of a program that knows no format."""
    return _words("agent", line)


def complaint(line: bytes) -> Sequence[TurnLine]:
    """A line that a program wrote to standard error."""
    return _words("system", line)


def _words(role: str, line: bytes) -> Sequence[TurnLine]:
    text = line.decode("utf-8", "replace").strip()
    return (TurnLine(role, text),) if text else ()
