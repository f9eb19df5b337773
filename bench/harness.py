"""What a benchmark gives back."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """A measured value and its budget, both in `unit`; smaller is better."""

    name: str
    value: float
    budget: float
    unit: str
