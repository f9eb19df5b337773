"""Tokens and money as `claude` tells them: per turn and, for money, cumulative over the conversation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccc.engines.protocol import Spent

INPUTS = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")


class Meter:
    """Adds up the turns of one process."""

    def __init__(self) -> None:
        self._input = 0
        self._output = 0
        self._context: int | None = None

    def message(self, message: Mapping[str, Any]) -> None:
        """A message of the main conversation: what it was answered from is how full the context is."""
        size = _inputs(message.get("usage") or {})
        if size:
            self._context = size

    def result(self, found: Mapping[str, Any]) -> Spent:
        """The end of a turn; `usage` is the turn's own, `total_cost_usd` the whole conversation's."""
        usage = found.get("usage") or {}
        self._input += _inputs(usage)
        self._output += int(usage.get("output_tokens") or 0)
        models = [model for model in (found.get("modelUsage") or {}).values() if isinstance(model, Mapping)]
        windows = [int(model["contextWindow"]) for model in models if model.get("contextWindow")]
        cost = found.get("total_cost_usd")
        return Spent(
            self._input,
            self._output,
            None if cost is None else round(float(cost) * 1_000_000),
            self._context,
            max(windows, default=None),
        )


def _inputs(usage: Mapping[str, Any]) -> int:
    return sum(int(usage.get(name) or 0) for name in INPUTS)
