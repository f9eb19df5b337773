"""Budgets as people type them: `2usd`, `200ktok`, `30m`, `2GB`, `50procs`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ccc.domain.sessions import Limits
from ccc.errors import Usage
from ccc.records import dataclass

_SHAPE = re.compile(r"(\+?)(\d{1,15}(?:\.\d{1,9})?)([a-z]+)\Z")
_UNITS = {
    "usd": ("micro_usd", 1_000_000),
    "tok": ("tokens", 1),
    "ktok": ("tokens", 1000),
    "mtok": ("tokens", 1_000_000),
    "s": ("seconds", 1),
    "m": ("seconds", 60),
    "h": ("seconds", 3600),
    "d": ("seconds", 86400),
    "mb": ("memory_bytes", 10**6),
    "gb": ("memory_bytes", 10**9),
    "mib": ("memory_bytes", 2**20),
    "gib": ("memory_bytes", 2**30),
    "procs": ("processes", 1),
    "proc": ("processes", 1),
}
MOST = 10**15
"""Above this a number is a slip of the hand, whatever its unit."""


@dataclass(frozen=True)
class Amount:
    """One limit as typed: a field of Limits and how much; `more` says that it comes on top (`+1usd`)."""

    kind: str
    value: int
    more: bool = False


def amount(text: str) -> Amount:
    """One amount. Raises Usage."""
    found = _SHAPE.match(text.strip().lower())
    if found is None or found[3] not in _UNITS:
        raise Usage(f"{text} is no budget", "write 2usd, 200ktok, 30m, 2GB or 50procs")
    kind, factor = _UNITS[found[3]]
    value = round(float(found[2]) * factor)
    if not 0 < value <= MOST:
        raise Usage(f"{text} is no budget: it must be more than nothing", "write 2usd, 200ktok, 30m or 2GB")
    return Amount(kind, value, more=bool(found[1]))


def parse(texts: Sequence[str]) -> Limits:
    """Limits; the last of a kind counts. Raises Usage."""
    found = {}
    for text in texts:
        one = amount(text)
        if one.more:
            raise Usage(f"{text} adds to nothing yet", f"write {text.strip().lstrip('+')}")
        found[one.kind] = one.value
    return Limits(**found)
