"""The laws that let histories merge without a conflict."""

from __future__ import annotations

import functools
import itertools

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccc.domain.canonical import Value
from ccc.domain.cells import Cells, dump, join, load
from ccc.domain.events import Draft, delta
from ccc.domain.stamps import make
from ccc.store.celltree import CellTreeWriter
from ccc.store.faults import Fault
from ccc.store.fsck_history import history_faults
from ccc.store.memory import MemoryStore
from ccc.store.memory_objects import MemoryObjects
from tests.store.tools import START_MS, memory_store

VALUES: st.SearchStrategy[Value] = st.recursive(
    st.none() | st.integers(-5, 5) | st.text("aé\u200d😀", max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=2),
    max_leaves=4,
)
STAMPS = st.builds(make, st.integers(START_MS, START_MS + 3), st.integers(0, 2), st.sampled_from(["a", "b"]))
REAPED = st.fixed_dictionaries({}, optional={"reaped": st.tuples(STAMPS, st.just(1))})
FIELDS = st.dictionaries(
    st.sampled_from(["name", "progress", "a b", "x.md"]), st.tuples(STAMPS, VALUES), max_size=4
)
STREAMS: st.SearchStrategy[Cells] = st.builds(
    lambda fields, floor: join({}, {**fields, **floor}), FIELDS, REAPED
)
CHANGES = st.dictionaries(
    st.sampled_from(["sessions/a", "sessions/b", "notes/c"]),
    st.dictionaries(st.sampled_from(["p", "q"]), st.integers(0, 9) | st.none(), min_size=1),
    min_size=1,
)
DRAFTS = st.builds(lambda changes: Draft("x", "s", "t", changes), CHANGES)
QUIET = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


@given(STREAMS, STREAMS, STREAMS)
@QUIET
def test_join_is_commutative_associative_and_idempotent(one: Cells, two: Cells, three: Cells) -> None:
    assert join(one, two) == join(two, one)
    assert join(one, join(two, three)) == join(join(one, two), three)
    assert join(one, one) == one


@given(STREAMS)
@QUIET
def test_a_stream_written_and_read_is_the_same(cells: Cells) -> None:
    assert load(dump(cells)) == cells


@given(st.lists(DRAFTS, min_size=1, max_size=5), st.randoms(use_true_random=False))
@QUIET
def test_any_order_and_repetition_of_events_gives_one_tree(
    drafts: list[Draft], random: st.DataObject
) -> None:
    store = memory_store(lane="a", now=lambda: START_MS)
    events = list(store.transact(lambda state: drafts))
    shuffled = events + [random.choice(events) for _ in range(3)]  # type: ignore[attr-defined] # a Random
    random.shuffle(shuffled)  # type: ignore[attr-defined] # a Random
    writer = CellTreeWriter(MemoryObjects())
    in_order = writer.apply(None, delta(events))
    one_by_one = functools.reduce(
        lambda tree, event: writer.apply(tree, delta([event])), shuffled, writer.apply(None, {})
    )
    assert one_by_one == in_order


@given(STREAMS, STREAMS, STREAMS)
@QUIET
def test_trees_join_like_their_streams(one: Cells, two: Cells, three: Cells) -> None:
    writer = CellTreeWriter(MemoryObjects())
    left = writer.apply(None, {"sessions/a": one, "notes/n": three})
    right = writer.apply(None, {"sessions/a": two, "sessions/b": three})
    expected = writer.apply(None, {"sessions/a": join(one, two), "sessions/b": three, "notes/n": three})
    assert writer.join_trees(left, right) == writer.join_trees(right, left) == expected


def replicas(objects: MemoryObjects) -> list[MemoryStore]:
    """Three stores on one object database, each with its own reference and clock."""
    return [
        MemoryStore(
            objects=objects,
            lane=lane,
            now=functools.partial(int, START_MS + ahead),
            identity=functools.partial(who, lane),
        )
        for ahead, lane in enumerate("abc")
    ]


def who(lane: str) -> str:
    return f"Developer {lane} <{lane}@example.com>"


STEPS = st.lists(
    st.tuples(st.integers(0, 2), st.none() | DRAFTS | st.integers(0, 2)), min_size=3, max_size=14
)


@given(STEPS, st.permutations(range(3)))
@QUIET
def test_three_replicas_in_any_merge_order_come_to_one_commit(
    steps: list[tuple[int, Draft | int | None]], order: list[int]
) -> None:
    stores = replicas(MemoryObjects())
    for store in stores:
        store.transact(lambda state: [Draft("x", "ccc", "begin", {"meta/repo": {"initialised": 1}})])
    for number, step in steps:
        if isinstance(step, Draft):
            stores[number].transact(lambda state, draft=step: [draft])  # type: ignore[misc]
        elif isinstance(step, int):
            stores[number].absorb([stores[step].tip() or ""])
    tips = [store.tip() or "" for store in stores]
    alone = {store.history.merge(list(some)) for store in stores for some in itertools.permutations(tips)}
    assert len(alone) == 1
    for number in order:
        for other in order:
            stores[number].absorb([stores[other].tip() or ""])
    for number in order:
        stores[number].absorb(tips)
    assert {store.tip() for store in stores} == alone
    faults: list[Fault] = list(history_faults(stores[0].objects, alone.pop(), START_MS, tips))
    assert faults == []
