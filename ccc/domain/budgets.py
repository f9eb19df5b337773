"""Budgets as people type them: `2usd`, `200ktok`."""

from __future__ import annotations

import re

from ccc.domain.sessions import Limits, Spending
from ccc.errors import Usage

_SHAPE = re.compile(r"(\d+(?:\.\d+)?)(usd|tok|ktok|mtok)\Z")
TOKENS = {"tok": 1, "ktok": 1000, "mtok": 1_000_000}


def parse(texts: tuple[str, ...]) -> Limits:
    """Limits of money and tokens; the last of a kind counts. Raises Usage."""
    tokens = micro_usd = None
    for text in texts:
        found = _SHAPE.match(text.strip().lower())
        if found is None:
            raise Usage(f"{text} is no budget", "write 2usd, 200ktok or 1.5mtok")
        if found[2] == "usd":
            micro_usd = round(float(found[1]) * 1_000_000)
        else:
            tokens = round(float(found[1]) * TOKENS[found[2]])
    return Limits(tokens=tokens, micro_usd=micro_usd)


def exceeded(limits: Limits, spending: Spending) -> str | None:
    """Which limit is reached, in words; None where none is."""
    if limits.micro_usd is not None and (spending.micro_usd or 0) >= limits.micro_usd:
        return f"its budget of {_usd(limits.micro_usd)} is used up: {_usd(spending.micro_usd or 0)}"
    used = (spending.input or 0) + (spending.output or 0)
    if limits.tokens is not None and used >= limits.tokens:
        return f"its budget of {limits.tokens} tokens is used up: {used}"
    return None


def _usd(micro: int) -> str:
    return f"{micro / 1_000_000:.2f} usd"
