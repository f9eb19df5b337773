"""Budgets as people type them: what is read, what is refused and in which words, what is proposed."""

from __future__ import annotations

import pytest

from ccc.domain.allowance import Exhausted
from ccc.domain.budgets import Amount, amount, amounts, parse, typed
from ccc.domain.sessions import Limits, Session
from ccc.errors import Usage
from ccc.ops.budget_items import command
from tests.views.making import AT, session


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2eur", "2eur is no budget"),
        ("0usd", "0usd is no budget: it must be more than nothing"),
        ("99999999999usd", "99999999999usd is no budget: it is more than anybody could use"),
        ("1.5procs", "1.5procs is no budget: there is no part of a process"),
        ("1.5tok", "1.5tok is no budget: there is no part of a token"),
    ],
)
def test_what_is_no_budget_says_why(text: str, words: str) -> None:
    with pytest.raises(Usage) as refused:
        amount(text)
    assert refused.value.message == words


def test_parts_of_a_greater_unit_are_whole() -> None:
    assert amount("1.5ktok") == Amount("tokens", 1500)
    assert amount("0.000001usd") == Amount("micro_usd", 1)
    assert parse(["1usd", "30m"]) == Limits(seconds=1800, micro_usd=1_000_000)


@pytest.mark.parametrize("texts", [("1usd", "2usd"), ("+1usd", "2usd"), ("3s", "1m")])
def test_which_of_two_of_a_kind_was_meant_is_not_guessed(texts: tuple[str, str]) -> None:
    with pytest.raises(Usage, match=r" and .* limit the same"):
        amounts(texts)


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("tokens", 1_000_000, "1mtok"),
        ("tokens", 1100, "1100tok"),
        ("tokens", 12_345_678, "12345678tok"),
        ("micro_usd", 1, "0.000001usd"),
        ("micro_usd", 1_500_000, "1.5usd"),
        ("seconds", 5400, "90m"),
        ("seconds", 3, "3s"),
        ("memory_bytes", 2 * 10**9, "2GB"),
        ("memory_bytes", 2**30, "1073.741824MB"),
        ("processes", 50, "50procs"),
    ],
)
def test_an_amount_is_written_so_that_it_can_be_typed(kind: str, value: int, text: str) -> None:
    assert typed(kind, value) == text
    assert amount(text) == Amount(kind, value)


def exhausted(what: str, **limits: int) -> Session:
    return session(exhausted=Exhausted(what, "used up", "over", AT), limits=Limits(**limits))


@pytest.mark.parametrize(
    ("at_its_limit", "more"),
    [
        (exhausted("tokens", tokens=100), " --budget +100tok"),
        (exhausted("tokens", tokens=800_000), " --budget +100ktok"),
        (exhausted("seconds", seconds=3), " --budget +3s"),
        (exhausted("memory_bytes", memory_bytes=10**8), " --budget +1GB"),
        (exhausted("loop"), ""),
    ],
)
def test_what_adds_up_is_proposed_no_more_of_than_was_given_before(at_its_limit: Session, more: str) -> None:
    assert command(at_its_limit) == f"git ccc resume backend-jwt-auth{more}"
