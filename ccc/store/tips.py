"""The tips this replica gave `refs/ccc`, so that a ref that somebody else moved is noticed.

A line is a tip. `?` and a tip says that a writer is about to move the ref there: one killed between moving
and remembering is no stranger.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from ccc.errors import StateBroken
from ccc.layout import Layout
from ccc.platform.files import write_whole
from ccc.records import dataclass
from ccc.store.disk import naming
from ccc.store.protocol import REF

KEPT = 200
TRIMMED_AT = 64 * 1024
MEND = "git ccc doctor --fix"
ANNOUNCED = "?"
_END_BYTES = 512
NAME = "tips"
_DIGITS = (40, 64)
LOOKS = 100
"""So often a writer may move the ref under a reader's eyes."""


class TipMoved(StateBroken):
    """`refs/ccc` is not where this replica put it: deleted, or moved by another program."""


@dataclass(frozen=True)
class End:
    """The end of the record: the last tip (None before the first), and what was announced since."""

    last: str | None
    announced: frozenset[str]

    def knows(self, tip: str | None) -> bool:
        """Whether the ref may be here without anybody but ccc having moved it."""
        return self.last is None or tip == self.last or tip in self.announced


def announce(layout: Layout, tip: str) -> None:
    """Says that the ref is about to be moved here; to be called under the lock."""
    _add(layout, f"{ANNOUNCED}{tip}")


def append(layout: Layout, tip: str) -> None:
    """Remembers a tip; to be called under the lock. The file stays below 64 KB."""
    if _add(layout, tip) > TRIMMED_AT:
        rewrite(layout, read(layout)[-KEPT:])


def rewrite(layout: Layout, known: list[str]) -> None:
    """Remembers these tips, newest last, and no others."""
    write_whole(layout.tips, "".join(f"{one}\n" for one in known))


def _add(layout: Layout, line: str) -> int:
    descriptor = os.open(layout.tips, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    try:
        with naming(layout.tips):
            os.write(descriptor, f"{line}\n".encode())
            return os.fstat(descriptor).st_size
    finally:
        os.close(descriptor)


def read(layout: Layout) -> list[str]:
    """The tips remembered, newest last; a line half written when the power went is left out."""
    return [line for line in _lines(layout, None) if len(line) in _DIGITS]


def last(layout: Layout) -> str | None:
    """The newest tip remembered, None before the first."""
    return end(layout).last


def end(layout: Layout) -> End:
    """The newest tip, and what was announced after it."""
    announced: set[str] = set()
    for size in (_END_BYTES, None):
        announced.clear()
        for line in reversed(_lines(layout, size)):
            if len(line) in _DIGITS:
                return End(line, frozenset(announced))
            announced.add(line.removeprefix(ANNOUNCED))
    return End(None, frozenset(announced))


def _lines(layout: Layout, size: int | None) -> list[str]:
    """The whole lines of the file, or of its last so many bytes."""
    try:
        # Every look at the reference comes here: a file object would cost three times as much.
        descriptor = os.open(f"{layout.common}/ccc/{NAME}", os.O_RDONLY)
    except FileNotFoundError:
        return []
    try:
        length = os.fstat(descriptor).st_size
        start = 0 if size is None else max(length - size, 0)
        lines = os.pread(descriptor, length - start, start).decode("ascii", "replace").split("\n")[:-1]
    finally:
        os.close(descriptor)
    return lines[1:] if start else lines


def present(layout: Layout, look: Callable[[], str | None]) -> str | None:
    """The tip that `look` finds. Raises TipMoved where this replica did not put the ref there.

    Writers announce before they move, so a record that stays the same around the look is the whole truth.
    """
    known, tip = end(layout), look()
    for _ in range(LOOKS):
        if known.knows(tip):
            return tip
        again = end(layout)
        if again == known:
            break
        known, tip = again, look()
    raise _moved(known.last, tip)


def _moved(known: str | None, tip: str | None) -> TipMoved:
    if tip is None:
        return TipMoved(f"{REF} is gone; it was at {known}", f"git update-ref {REF} {known}")
    return TipMoved(f"{REF} was moved to {tip}; ccc had put it at {known}", MEND)
