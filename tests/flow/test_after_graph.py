"""Who waits for whom, as pure decisions: for any graph, circles included."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from ccc.domain.depending import FAILED, OPEN, PROVEN, Node, suspended, verdicts


def node(name: str, *after: str, at: str = "1", state: str = OPEN) -> Node:
    return Node(name, name, after, at, state, f"{name} failed" if state == FAILED else "")


@st.composite
def graphs(draw: st.DrawFn) -> list[Node]:
    names = [f"n{number}" for number in range(draw(st.integers(1, 7)))]
    nodes = []
    for name in names:
        after = draw(st.lists(st.sampled_from(names), max_size=3, unique=True))
        state = draw(st.sampled_from([PROVEN, FAILED, OPEN, OPEN]))
        nodes.append(node(name, *after, at=str(draw(st.integers(0, 5))), state=state))
    return nodes


@settings(max_examples=30, deadline=None)
@given(graphs(), st.randoms())
def test_without_the_suspended_waits_nobody_waits_for_itself(nodes: list[Node], chance: Random) -> None:
    left_out = suspended(nodes)
    edges = {(each.id, awaited) for each in nodes for awaited in each.after} - left_out
    ends = {each.id for each in nodes}
    while free := {name for name in ends if not any((name, other) in edges for other in ends)}:
        ends -= free
    assert ends == set()
    shuffled = list(nodes)
    chance.shuffle(shuffled)
    assert suspended(shuffled) == left_out
    assert verdicts(shuffled) == verdicts(nodes)


@settings(max_examples=30, deadline=None)
@given(graphs())
def test_who_is_blocked_names_failures_that_it_depends_on(nodes: list[Node]) -> None:
    by_id = {each.id: each for each in nodes}
    left_out = suspended(nodes)
    for identifier, verdict in verdicts(nodes).items():
        counted = [each for each in by_id[identifier].after if (identifier, each) not in left_out]
        assert verdict.ready == all(by_id[each].state == PROVEN for each in counted)
        for cause in verdict.causes:
            assert by_id[cause].state == FAILED


def test_the_youngest_wait_of_a_circle_does_not_count() -> None:
    nodes = [node("a", "c", at="3"), node("b", "a", at="1"), node("c", "b", at="2")]
    assert suspended(nodes) == {("a", "c")}
    found = verdicts(nodes)
    assert found["a"].ready
    assert found["c"].waits == ("b",)
    assert suspended([node("a", "a")]) == {("a", "a")}


def test_the_root_is_named_however_far_away_and_once() -> None:
    chain = [node("n0", state=FAILED)] + [node(f"n{number}", f"n{number - 1}") for number in range(1, 600)]
    found = verdicts(chain[::-1])
    assert found["n599"].roots == ("n0 failed",)
    assert found["n599"].words == "n0 failed"
    diamond = [node("a", state=FAILED), node("b", "a"), node("c", "a"), node("d", "b", "c")]
    assert verdicts(diamond)["d"].roots == ("a failed",)
    assert verdicts(diamond)["d"].causes == ("a",)


def test_one_that_is_not_there_any_more_is_no_reason_to_begin() -> None:
    found = verdicts([node("a", "0123456789")])["a"]
    assert not found.ready
    assert found.words == "01234567 is not there any more"
