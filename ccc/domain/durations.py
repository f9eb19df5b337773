"""Time spans as people type them."""

from __future__ import annotations

import re

from ccc.errors import Usage

UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_SHAPE = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)\Z")


def seconds(text: str) -> float:
    """`90`, `90s`, `30m`, `2h`, `7d` as seconds. Raises Usage for anything else."""
    found = _SHAPE.match(text.strip())
    if found is None:
        raise Usage(f"{text} is not a time span", "write 90, 90s, 30m, 2h or 7d")
    return float(found[1]) * UNITS[found[2]]


def spoken(span: float) -> str:
    """Seconds in words: `90 s`, `30 m`, `2 h`; the greatest unit that gives a whole number."""
    for unit in ("d", "h", "m"):
        if span >= UNITS[unit] and span % UNITS[unit] == 0:
            return f"{int(span // UNITS[unit])} {unit}"
    return f"{span:g} s"
