"""The tips this replica gave `refs/ccc`, so that a ref moved back by somebody is noticed."""

from __future__ import annotations

import os

from ccc.errors import StateBroken
from ccc.layout import Layout
from ccc.store.protocol import REF

KEPT = 200
TRIMMED_AT = 64 * 1024
MEND = "git ccc doctor --fix"


def append(layout: Layout, tip: str) -> None:
    """Remembers a tip; to be called under the lock. The file stays below 64 KB."""
    descriptor = os.open(layout.tips, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    try:
        os.write(descriptor, f"{tip}\n".encode())
        size = os.fstat(descriptor).st_size
    finally:
        os.close(descriptor)
    if size > TRIMMED_AT:
        temporary = layout.tips.with_name(f".{layout.tips.name}")
        temporary.write_text("".join(f"{one}\n" for one in read(layout)[-KEPT:]), encoding="ascii")
        temporary.replace(layout.tips)


def read(layout: Layout) -> list[str]:
    """The tips remembered, newest last; a line half written when the power went is left out."""
    try:
        text = layout.tips.read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return []
    return [line for line in text.split("\n")[:-1] if len(line) in (40, 64)]


def last(layout: Layout) -> str | None:
    """The newest tip remembered, None before the first."""
    known = read(layout)
    return known[-1] if known else None


def present(layout: Layout, tip: str | None) -> str | None:
    """The tip found, as it is. Raises StateBroken for none where there was one: `refs/ccc` was deleted."""
    known = last(layout) if tip is None else None
    if known is not None:
        raise StateBroken(f"{REF} is gone; it was at {known}", f"git update-ref {REF} {known}")
    return tip
