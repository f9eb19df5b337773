"""Classes that are put together late behave like those put together at once."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError, fields, replace

import pytest

from ccc.records import complete, dataclass


@dataclass(frozen=True)
class Point:
    """A pair."""

    x: int
    y: int = 0


@dataclass(frozen=True)
class Named(Point):
    """A pair with a name, made before any plain one."""

    name: str = "origin"


def test_a_subclass_made_first_completes_its_base() -> None:
    named = Named(1, name="a")
    assert (named.x, named.y, named.name) == (1, 0, "a")
    assert [field.name for field in fields(named)] == ["x", "y", "name"]


def test_instances_are_frozen_equal_hashed_and_replaced() -> None:
    assert replace(Point(1), y=2) == Point(1, 2)
    assert len({Point(1), Point(1)}) == 1
    assert repr(Point(1)) == "Point(x=1, y=0)"
    with pytest.raises(FrozenInstanceError):
        Point(1).x = 2  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        del Named(1).name


def test_wrong_arguments_are_refused_by_the_first_instance_too() -> None:
    @dataclass(frozen=True)
    class Fresh:
        x: int

    with pytest.raises(TypeError):
        Fresh()  # type: ignore[call-arg]
    assert Fresh(1).x == 1


def made_by_threads() -> list[int]:
    @dataclass(frozen=True)
    class Fresh:
        x: int

    with ThreadPoolExecutor(8) as pool:
        return [made.x for made in pool.map(Fresh, range(8))]


def test_many_threads_may_make_the_first_instance() -> None:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(50):
            assert made_by_threads() == list(range(8))
    finally:
        sys.setswitchinterval(usual)


def test_a_class_can_be_completed_without_an_instance() -> None:
    @dataclass(frozen=True)
    class Fresh:
        x: int

    complete(Fresh)
    complete(Fresh)
    assert [field.name for field in fields(Fresh)] == ["x"]
