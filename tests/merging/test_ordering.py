"""Which landings go first: as many as can land as they are; else the queue's order stays."""

from __future__ import annotations

import pytest

from ccc.domain import ordering


def propose(queue: str, conflicts: str = "", hopeless: str = "", **needs: str) -> str:
    pairs = [frozenset(pair) for pair in conflicts.split()]
    return "".join(
        ordering.propose(list(queue), pairs, list(hopeless), {k: list(v) for k, v in needs.items()})
    )


@pytest.mark.parametrize(
    ("queue", "conflicts", "expected"),
    [
        ("abc", "", "abc"),
        ("abc", "ab ac", "bca"),
        ("abc", "ab", "acb"),
        ("abcd", "ab bc cd", "acbd"),
        ("abcde", "ab ac ad ae bc", "bdeac"),
        ("ab", "ab", "ab"),
    ],
)
def test_the_most_that_can_land_come_first(queue: str, conflicts: str, expected: str) -> None:
    assert propose(queue, conflicts) == expected


def test_who_is_in_conflict_now_comes_last_and_stands_in_nobodys_way() -> None:
    assert propose("abc", "ab", hopeless="a") == "bca"


def test_each_comes_behind_what_it_needs() -> None:
    assert propose("abc", a="c") == "cab"
    assert propose("abc", "bc", a="c") == "bca"
    assert propose("abcd", hopeless="c", a="c") == "bdca"


def test_a_circle_ends() -> None:
    assert sorted(propose("abc", a="b", b="a")) == ["a", "b", "c"]


def test_of_many_the_least_entangled_are_taken() -> None:
    names = [f"s{number:02}" for number in range(30)]
    pairs = [frozenset((names[0], other)) for other in names[1:]]
    assert ordering.propose(names, pairs, [], {}) == (*names[1:], names[0])
