"""Tokens and money as `claude` tells them, added up over the turns of one process.

What a turn used stands in its `result`, by model, sub-agents and asides among it. The totals there
(`total_cost_usd`, `modelUsage`) go on from what the program saved when a process of the conversation last
ended in order: after a kill they lack what came since, and in a fork they hold the origin's, so they are not
used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ccc.domain.spending import NOTHING, Amount
from ccc.engines.protocol import Spent

SINCE = "model_usage_since_last_result"
INPUTS = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
MICRO = 1_000_000


class Meter:
    """One process; `takes_up`: its conversation was begun by another."""

    def __init__(self) -> None:
        self.takes_up = False
        self._models: dict[str, Amount] = {}
        self._other = NOTHING
        self._usd: dict[str, float] = {}
        self._told: float | None = None
        self._going: dict[str, Amount] = {}
        self._total: float | None = None
        self._extra = 0.0
        self._priced_tokens = 0
        self._context: int | None = None
        self._window: int | None = None

    def message(self, message: Mapping[str, Any], *, aside: bool = False) -> Spent | None:
        """A message of the turn that goes on, its price not told yet; None where it says nothing new.

        One of the main conversation, not `aside`, shows how full the context is: what it was answered from.
        """
        usage = message.get("usage") or {}
        size = _inputs(usage)
        if size and not aside:
            self._context = size
        amount = _of_usage(usage)
        identifier = str(message.get("id"))
        if amount.tokens == 0 or self._going.get(identifier) == amount:
            return None
        self._going[identifier] = amount
        return self.spent

    def price(self, total: float) -> Spent | None:
        """What it has cost by now, as the conversation's total; None where it tells only its beginning."""
        before = self._total if self._total is not None or self.takes_up else 0.0
        if before is None:
            self._total = None if self._going else total
            return None
        self._total, self._extra = before, max(0.0, total - before)
        self._priced_tokens = self._going_tokens
        return self.spent

    @property
    def _going_tokens(self) -> int:
        return sum(amount.tokens for amount in self._going.values())

    def result(self, found: Mapping[str, Any]) -> Spent:
        """The end of a turn: what it says counts, and not what its messages said."""
        self._going.clear()
        self._extra, self._priced_tokens = 0.0, 0
        cost = found.get("total_cost_usd")
        self._total = self._total if cost is None else float(cost)
        models = _models(found.get("modelUsage"))
        windows = [int(model["contextWindow"]) for model in models.values() if model.get("contextWindow")]
        self._window = max(windows, default=self._window)
        if isinstance(found.get(SINCE), Mapping):
            for name, used in _models(found[SINCE]).items():
                self._count(name, used)
        else:
            self._count_by_totals(found)
        return self.spent

    def _count(self, name: str, used: Mapping[str, Any]) -> None:
        """One model's part of a turn."""
        usd = used.get("costUSD")
        amount = _of_model(used)
        if usd is None:
            amount = replace(amount, unpriced=amount.tokens)
        else:
            self._usd[name] = self._usd.get(name, 0.0) + float(usd)
        self._models[name] = self._models.get(name, NOTHING) + amount

    def _count_by_totals(self, found: Mapping[str, Any]) -> None:
        """A turn told by a program of before 2.1.300: its price is what the total grew by.

        The first total of a process that took a conversation up has no known beginning.
        """
        amount, cost = _of_usage(found.get("usage") or {}), found.get("total_cost_usd")
        before = self._told if self._told is not None or self.takes_up else 0.0
        if cost is None or before is None:
            amount = replace(amount, unpriced=amount.tokens)
        else:
            self._usd[""] = self._usd.get("", 0.0) + max(0.0, float(cost) - before)
        self._told = self._told if cost is None else float(cost)
        self._other += amount

    @property
    def spent(self) -> Spent:
        """All of it so far; the model that used most is the main one."""
        priced = {name: self._priced(name, amount) for name, amount in self._models.items()}
        main = max(priced, key=lambda name: priced[name].tokens, default=None)
        whole = self._priced("", self._other)
        for amount in priced.values():
            whole += amount
        for amount in self._going.values():
            whole += amount
        if self._going:
            extra = round(self._extra * MICRO) if self._priced_tokens else None
            unpriced = max(0, self._going_tokens - self._priced_tokens)
            whole += Amount(micro_usd=extra, unpriced=unpriced)
        return Spent(
            whole.input,
            whole.output,
            whole.micro_usd,
            self._context,
            self._window,
            whole.cache_read,
            whole.cache_write,
            whole.unpriced,
            main,
            {name: amount for name, amount in priced.items() if name != main},
        )

    def _priced(self, name: str, amount: Amount) -> Amount:
        usd = self._usd.get(name)
        return amount if usd is None else replace(amount, micro_usd=round(usd * MICRO))


def _models(told: object) -> dict[str, Mapping[str, Any]]:
    """What was told of each model."""
    known = told if isinstance(told, Mapping) else {}
    return {str(name): used for name, used in known.items() if isinstance(used, Mapping)}


def _of_model(used: Mapping[str, Any]) -> Amount:
    read, written = _whole(used, "cacheReadInputTokens"), _whole(used, "cacheCreationInputTokens")
    return Amount(_whole(used, "inputTokens") + read + written, _whole(used, "outputTokens"), read, written)


def _of_usage(usage: Mapping[str, Any]) -> Amount:
    read, written = _whole(usage, "cache_read_input_tokens"), _whole(usage, "cache_creation_input_tokens")
    return Amount(_inputs(usage), _whole(usage, "output_tokens"), read, written)


def _inputs(usage: Mapping[str, Any]) -> int:
    return sum(_whole(usage, name) for name in INPUTS)


def _whole(told: Mapping[str, Any], name: str) -> int:
    return int(told.get(name) or 0)
