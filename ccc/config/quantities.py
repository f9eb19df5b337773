"""Amounts as people write them: sizes in bytes, load of a machine."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) *([kmgt]?)i?b?", re.IGNORECASE)
POWERS = ("", "k", "m", "g", "t")
"""Each is 1024 times the one before."""

MOST_BYTES = 2**60


def as_bytes(value: Any) -> int:
    """A size (`1GB`, `512MB`, a number of bytes) in bytes. Raises ValueError."""
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    found = SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError("is not a size: write 512MB, 1GB or a number of bytes")
    size: float = float(found[1]) * 1024 ** float(POWERS.index(found[2].lower()))
    if size > MOST_BYTES:
        raise ValueError("is more than any machine has")
    return round(size)


def as_load(value: Any) -> float:
    """A load for each processor (`1.5`), also as text. Raises ValueError."""
    try:
        if isinstance(value, bool):
            raise TypeError
        return float(value)
    except (TypeError, ValueError) as error:
        raise ValueError("is not a load: write a number such as 1.5") from error


Size = Annotated[int, BeforeValidator(as_bytes), Field(ge=0)]
Load = Annotated[float, BeforeValidator(as_load), Field(gt=0, le=1000)]
PerRole = Annotated[int, Field(ge=1)]
