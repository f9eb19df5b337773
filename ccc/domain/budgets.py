"""Budgets as people type them: `2usd`, `200ktok`, `30m`, `2GB`, `50procs`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

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


WHOLE = {"tokens": "a token", "processes": "a process"}
"""What cannot be had in parts."""

WRITTEN = {
    "micro_usd": ("usd",),
    "tokens": ("mtok", "ktok", "tok"),
    "seconds": ("d", "h", "m", "s"),
    "memory_bytes": ("gb", "mb"),
    "processes": ("procs",),
}
"""By kind the units that `typed` chooses from: the greatest of which it is a whole number, else the last."""


def amount(text: str) -> Amount:
    """One amount. Raises Usage."""
    found = _SHAPE.match(text.strip().lower())
    if found is None or found[3] not in _UNITS:
        raise Usage(f"{text} is no budget", "write 2usd, 200ktok, 30m, 2GB or 50procs")
    kind, factor = _UNITS[found[3]]
    exact = Decimal(found[2]) * factor
    if kind in WHOLE and exact != exact.to_integral_value():
        raise Usage(f"{text} is no budget: there is no part of {WHOLE[kind]}", "write a whole number")
    value = round(exact)
    if value <= 0:
        raise Usage(f"{text} is no budget: it must be more than nothing", "write 2usd, 200ktok, 30m or 2GB")
    if value > MOST:
        raise Usage(f"{text} is no budget: it is more than anybody could use", "leave it out for no limit")
    return Amount(kind, value, more=bool(found[1]))


def amounts(texts: Sequence[str]) -> list[Amount]:
    """Several, each of another kind: which of two was meant is not guessed. Raises Usage."""
    found: dict[str, tuple[str, Amount]] = {}
    for text in texts:
        one = amount(text)
        if one.kind in found:
            raise Usage(f"{found[one.kind][0]} and {text} limit the same", "give one of them")
        found[one.kind] = text, one
    return [one for _, one in found.values()]


def parse(texts: Sequence[str]) -> Limits:
    """Limits, one of a kind. Raises Usage."""
    found = amounts(texts)
    for text, one in zip(texts, found, strict=True):
        if one.more:
            raise Usage(f"{text} adds to nothing yet", f"write {text.strip().lstrip('+')}")
    return Limits(**{one.kind: one.value for one in found})


def typed(kind: str, value: int) -> str:
    """An amount as people type it: `1.5usd`, `200ktok`, `30m`; `amount` reads it back."""
    for unit in WRITTEN[kind]:
        name = unit.upper() if kind == "memory_bytes" else unit
        if value % _UNITS[unit][1] == 0:
            return f"{value // _UNITS[unit][1]}{name}"
    return f"{Decimal(value) / _UNITS[unit][1]:f}{name}"
