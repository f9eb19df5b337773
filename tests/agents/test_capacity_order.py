"""The order of the queue and the limits, as pure decisions: for any queue, any limits, any living agents."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccc.config.settings import load_settings
from ccc.domain.capacity import Candidate, Occupant, Place, Room, in_order, listed, places, to_rest
from ccc.errors import BadConfig
from ccc.platform import machine

ROLES = ("backend", "testing", "review")


def candidate(number: int, **changes: object) -> Candidate:
    fields: dict[str, object] = {"role": "backend", "priority": 0, "by": "person", "at": f"{number:04}"}
    fields |= {"first": False, **changes}
    return Candidate(f"{number:032}", f"s-{number}", **fields)  # type: ignore[arg-type] # of any field


@st.composite
def queues(draw: st.DrawFn) -> list[Candidate]:
    kinds = st.tuples(st.sampled_from(ROLES), st.integers(-2, 2), st.sampled_from("abc"), st.integers(0, 9))
    drawn = draw(st.lists(st.tuples(kinds, st.booleans()), max_size=12))
    return [
        candidate(number, role=role, priority=priority, by=by, at=f"{at:04}", first=first)
        for number, ((role, priority, by, at), first) in enumerate(drawn)
    ]


@st.composite
def rooms(draw: st.DrawFn) -> Room:
    per_role = draw(st.dictionaries(st.sampled_from(ROLES), st.integers(1, 3)))
    return Room(draw(st.integers(1, 6)), per_role)


living = st.lists(st.sampled_from(ROLES), max_size=6).map(
    lambda roles: [Occupant(f"{n:x}" * 32, f"o-{n}", role) for n, role in enumerate(roles)]
)
askers = st.dictionaries(st.sampled_from("abc"), st.integers(0, 9).map(str))


@settings(max_examples=30, deadline=None)
@given(queues(), askers, st.randoms())
def test_the_order_does_not_depend_on_who_asks_for_it(
    queue: list[Candidate], served: dict[str, str], chance: Random
) -> None:
    shuffled = list(queue)
    chance.shuffle(shuffled)
    order = in_order(queue, served)
    assert in_order(shuffled, served) == order
    assert sorted(order, key=lambda each: each.id) == sorted(queue, key=lambda each: each.id)


@settings(max_examples=30, deadline=None)
@given(queues(), askers)
def test_nobody_comes_before_a_higher_priority_and_equals_take_turns(
    queue: list[Candidate], served: dict[str, str]
) -> None:
    order = in_order(queue, served)
    firsts = [each for each in order if each.first]
    assert order[: len(firsts)] == firsts
    assert [each.at for each in firsts] == sorted((each.at for each in firsts), reverse=True)
    rest = order[len(firsts) :]
    assert [each.priority for each in rest] == sorted((each.priority for each in rest), reverse=True)
    for priority in {each.priority for each in rest}:
        equals = [each for each in rest if each.priority == priority]
        left = Counter(each.by for each in equals)
        given: Counter[str] = Counter()
        for each in equals:
            waiting = [given[by] for by in left if left[by] > 0]
            assert given[each.by] == min(waiting), "somebody had two turns while another waited"
            given[each.by] += 1
            left[each.by] -= 1


@settings(max_examples=30, deadline=None)
@given(queues(), living, rooms(), st.one_of(st.none(), st.just("busy")))
def test_no_limit_is_exceeded_and_no_place_is_left_empty(
    queue: list[Candidate], occupants: list[Occupant], room: Room, busy: str | None
) -> None:
    found = places(in_order(queue, {}), occupants, room, busy)
    begin = [place.candidate for place in found if place.why is None]
    roles = Counter([each.role for each in occupants] + [each.role for each in begin])
    if begin:
        assert busy is None
        assert sum(roles.values()) <= room.parallel
    for role in {each.role for each in begin}:
        assert role not in room.per_role or roles[role] <= room.per_role[role]
    for place in found:
        if place.why is not None:
            full = roles[place.candidate.role] >= room.per_role.get(place.candidate.role, 99)
            assert full or sum(roles.values()) >= room.parallel or busy is not None
    held = [place.candidate.role for place in found if place.why is not None]
    for place in found:
        if place.why is None:
            passed = held[: sum(each.position < place.position for each in found if each.why is not None)]
            assert all(role in room.per_role for role in passed), "who was not held by its role was overtaken"


def test_who_was_served_longest_ago_is_next() -> None:
    queue = [candidate(1, by="a"), candidate(2, by="a"), candidate(3, by="b"), candidate(4, by="c")]
    order = in_order(queue, {"a": "2026-02", "b": "2026-01"})
    assert [each.by for each in order] == ["c", "b", "a", "a"]


def test_reasons_name_who_takes_the_places() -> None:
    occupants = [Occupant("1" * 32, "backend-a", "backend"), Occupant("2" * 32, "testing-b", "testing")]
    queue = [candidate(1), candidate(2, role="testing"), candidate(3)]
    found = places(queue, occupants, Room(3, {"testing": 1}))
    assert [place.why for place in found] == [
        None,
        "1 of 1 of role testing may run: testing-b",
        "3 of 3 may run: backend-a, testing-b, s-1",
    ]
    assert listed(list("abcdefg")) == "a, b, c, d and 3 more"


def test_one_idle_agent_rests_for_each_that_waits_and_of_its_role_where_that_is_full() -> None:
    occupants = [
        Occupant(n * 32, n, role) for n, role in zip("123", ("backend", "testing", "review"), strict=True)
    ]
    waiting = [Place(candidate(1, role="testing"), 1, "full"), Place(candidate(2), 2, "full")]
    assert to_rest(waiting, occupants, occupants, Room(3, {"testing": 1})) == ["2" * 32, "1" * 32]
    assert to_rest(waiting[:1], occupants[:1], occupants, Room(3, {"testing": 1})) == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('free_memory = "much"', "is not a size: write 512MB, 1GB or a number of bytes"),
        ("load = 0.0", "must be more than 0"),
        ("per_role = { backend = 0 }", "must be at least 1"),
    ],
)
def test_a_wrong_limit_is_named(line: str, words: str) -> None:
    with pytest.raises(BadConfig, match=words):
        load_settings(f"[limits]\n{line}\n".encode(), where="config.toml", environment={})


def test_limits_are_read_as_people_write_them() -> None:
    text = b'[limits]\nload = 2\nfree_memory = "1.5 GB"\nper_role = { backend = 3 }\n'
    read = load_settings(text, where="x", environment={"CCC_LIMITS_LOAD": "0.5"}).config.limits
    assert (read.load, read.free_memory, read.per_role) == (0.5, 1_610_612_736, {"backend": 3})


def test_the_machine_says_how_busy_it_is() -> None:
    load, free = machine.load_per_processor(), machine.free_memory()
    assert load is not None
    assert load >= 0
    assert free is not None
    assert free > 1024**2
