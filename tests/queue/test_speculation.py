"""What is tested, what lands and who is blamed, over every queue that hypothesis can think of."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from ccc.domain.lineup import Place, circles, in_order
from ccc.domain.speculation import (
    CLASH,
    CONFLICT,
    DECIDES,
    FAILED,
    HELD,
    NEEDS,
    PASSED,
    RED,
    TESTING,
    WAITING,
    WINDOW,
    Candidate,
    Job,
    Standing,
    Trial,
    Window,
    jobs,
    plan,
)

NAMES = "abcdef"
Set = frozenset[str]


@dataclass
class World:
    """A target with what has landed on it; trees are the sets of what is in them."""

    faults: tuple[Set, ...] = ()
    """A tree with all of one of these fails."""
    conflicts: tuple[Set, ...] = ()
    red: bool = False
    """The target fails until `f` is in it."""
    history: tuple[str, ...] = ()
    """Who has landed, oldest first; all of the line left the target before that."""
    tested: dict[tuple[Set, Set], bool] = field(default_factory=dict)
    bases: dict[Set, bool] = field(default_factory=dict)
    runs: int = 0

    @property
    def there(self) -> Set:
        """What the target has."""
        return frozenset(self.history)

    def base_of(self, trial: Trial) -> Set:
        if trial.before is not None:
            return frozenset(self.history[: self.history.index(trial.before)])
        return self.there | set(trial.ahead)

    def is_good(self, tree: Set) -> bool:
        return not any(fault <= tree for fault in self.faults) and not (self.red and "f" not in tree)

    def result(self, trial: Trial) -> str | None:
        base = self.base_of(trial)
        if any(trial.entry in pair and pair - {trial.entry} <= base for pair in self.conflicts):
            return CONFLICT
        known = self.tested.get((base, base | {trial.entry}))
        return None if known is None else PASSED if known else FAILED

    def base_fails(self, trial: Trial) -> bool | None:
        known = self.bases.get(self.there)
        return None if known is None else not known

    def run(self, job: Job) -> None:
        self.runs += 1
        if job.on_base:
            self.bases[self.there] = self.is_good(self.there)
        else:
            base = self.base_of(job.trial)
            self.tested[base, base | {job.trial.entry}] = self.is_good(base | {job.trial.entry})

    def land(self, entry: str) -> None:
        assert self.tested[self.there, self.there | {entry}], "only what was tested, and passed, lands"
        self.history += (entry,)

    def landed(self, entry: str) -> tuple[str, ...]:
        del entry
        return self.history


def all_pairs(names: str) -> list[Set]:
    return [frozenset(pair) for pair in combinations(names, 2)]


subsets = st.sampled_from([frozenset(each) for size in (1, 2, 3) for each in combinations(NAMES, size)])


def line_of(names: str, pairs: set[Set]) -> list[Candidate]:
    return [Candidate(one, frozenset(o for o in names if frozenset({one, o}) in pairs)) for one in names]


@settings(max_examples=60, deadline=None)
@given(
    faults=st.lists(subsets, max_size=3),
    conflicts=st.lists(st.sampled_from(all_pairs(NAMES)), max_size=2),
    overlaps=st.sets(st.sampled_from(all_pairs(NAMES))),
    red=st.booleans(),
    window=st.integers(1, 6),
    choice=st.randoms(use_true_random=False),
)
def test_nothing_untested_lands_everything_is_decided_and_the_culprit_is_one(
    faults: list[Set],
    conflicts: list[Set],
    overlaps: set[Set],
    red: bool,
    window: int,
    choice: random.Random,
) -> None:
    world = World(tuple(faults), tuple(conflicts), red)
    for _ in range(400):
        line = [each for each in line_of(NAMES, overlaps) if each.id not in world.there]
        standings = plan(line, world, window)
        todo = jobs(standings)
        assert len(todo) <= window
        check_blame(world, standings)
        landing = [one for one, each in standings.items() if each.may_land]
        if landing and (not todo or choice.random() < 0.5):
            world.land(choice.choice(landing))
        elif todo:
            world.run(choice.choice(todo))
        else:
            break
    left = plan([each for each in line_of(NAMES, overlaps) if each.id not in world.there], world, window)
    assert all(each.state in (FAILED, RED, CLASH) or each.why == CONFLICT for each in left.values()), left
    assert world.is_good(world.there) or red


def check_blame(world: World, standings: dict[str, Standing]) -> None:
    for one, each in standings.items():
        if each.state == FAILED and each.why != CONFLICT:
            assert not world.is_good(world.there | {one})
            assert world.is_good(world.there)
            assert not world.is_good(frozenset({one})) or world.conflicts
        if each.state == RED:
            assert not world.is_good(world.there)
        if each.state == CLASH:
            assert each.clashes_with is not None
            met = each.clashes_with
            back = world.history[: world.history.index(met)] if met in world.history else None
            below = world.there | set(each.ahead) if back is None else frozenset(back)
            assert world.is_good(below | {each.clashes_with}), "what it meets is good without it"
            assert not world.is_good(below | {each.clashes_with, one}), "and is not good with it"
            assert world.is_good(below | {one}) or world.conflicts


def drive(world: World, line: list[Candidate], window: int = 4) -> dict[str, Standing]:
    while todo := jobs(plan(line, world, window)):
        world.run(todo[0])
    return plan(line, world, window)


def test_landing_all_of_a_good_queue_takes_one_run_each() -> None:
    world = World()
    line = line_of(NAMES, set(all_pairs(NAMES)))
    standings = drive(world, line)
    assert standings["c"] == Standing(PASSED, ("a", "b"), ("a", "b"))
    for entry in NAMES:
        world.land(entry)
    assert world.runs == len(NAMES)


def test_who_does_not_overlap_waits_for_nobody() -> None:
    standings = drive(World(), line_of("abc", {frozenset("ac")}))
    assert [each.ahead for each in standings.values()] == [(), (), ("a",)]
    assert standings["b"].may_land


def test_the_pair_that_fails_together_is_found_by_halves() -> None:
    world = World(faults=(frozenset("be"),))
    standings = drive(world, line_of("abcde", set(all_pairs("abcde"))))
    assert standings["e"] == Standing(CLASH, ("a",), ("b",), clashes_with="b")
    assert [each.state for each in standings.values()] == [PASSED] * 4 + [CLASH]
    assert world.runs == 5 + 1 + 2, "alone, on a b, on a; the last of the split is not tested again"


def test_who_fails_with_what_landed_meanwhile_is_named_with_it() -> None:
    world = World(faults=(frozenset("be"),), history=("a", "b", "c"))
    standings = drive(world, line_of("e", set()))
    assert standings["e"] == Standing(CLASH, waits_for=("b",), clashes_with="b")
    assert world.runs == 5, "now, the target alone, before all of them, before b, before c"
    broken = World(faults=(frozenset("e"),), history=("a", "b", "c"))
    assert drive(broken, line_of("e", set()))["e"].state == FAILED
    assert broken.runs == 3


def test_who_fails_alone_is_blamed_and_stands_in_nobodys_way() -> None:
    standings = drive(World(faults=(frozenset("a"),)), line_of("abc", set(all_pairs("abc"))))
    assert [each.state for each in standings.values()] == [FAILED, PASSED, PASSED]
    assert standings["c"].ahead == ("b",)


def test_a_red_target_blames_nobody_and_is_asked_once() -> None:
    world = World(red=True)
    standings = drive(world, line_of("abc", set(all_pairs("abc"))))
    assert [each.state for each in standings.values()] == [RED] * 3
    assert world.runs == 4
    world.history = ("f",)
    assert [each.state for each in drive(world, line_of("abc", set())).values()] == [PASSED] * 3


def test_conflicts_need_no_run() -> None:
    world = World(conflicts=(frozenset("ab"),))
    standings = drive(world, line_of("ab", set(all_pairs("ab"))))
    assert standings["b"] == Standing(WAITING, waits_for=("a",), why=CONFLICT)
    world.land("a")
    assert drive(world, line_of("b", set()))["b"] == Standing(FAILED, why=CONFLICT)


def test_who_needs_another_waits_for_it_and_is_tested_on_it() -> None:
    line = [
        Candidate("a"),
        Candidate("b", needs=("a",)),
        Candidate("c", needs=("z",)),
        Candidate("d", held=True),
    ]
    standings = drive(World(), line)
    assert standings["b"].ahead == ("a",)
    assert standings["c"] == Standing(WAITING, waits_for=("z",), why=NEEDS)
    assert standings["d"] == Standing(WAITING, why=HELD)


def test_nobody_is_tested_on_top_of_what_changes_the_gate() -> None:
    line = [Candidate("a"), Candidate("b", decides=True), Candidate("c")]
    standings = drive(World(), line)
    assert standings["b"].ahead == ("a",)
    assert standings["c"] == Standing(WAITING, waits_for=("b",), why=DECIDES)


def test_no_more_than_the_window_is_tested_at_once() -> None:
    standings = plan(line_of(NAMES, set(all_pairs(NAMES))), World(), 2)
    assert [each.state for each in standings.values()] == [TESTING] * 2 + [WAITING] * 4
    assert standings["c"].why == WINDOW


@given(st.integers(1, 50), st.integers(1, 50), st.lists(st.booleans(), max_size=30))
def test_the_window_grows_by_one_and_halves_down_to_its_floor(
    size: int, floor: int, outcomes: list[bool]
) -> None:
    window = Window(max(size, floor), floor)
    for passed in outcomes:
        after = window.after(passed=passed)
        assert after.size == (window.size + 1 if passed else max(floor, window.size // 2))
        assert after.size >= floor
        window = after


places = st.lists(
    st.builds(
        Place,
        id=st.sampled_from(NAMES),
        target=st.just("main"),
        priority=st.integers(-2, 2),
        queued_at=st.sampled_from("123"),
        first=st.booleans(),
        overtaken=st.integers(0, 12),
    ),
    unique_by=lambda each: each.id,
)


@given(places, st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=2)))
def test_the_order_is_complete_and_each_comes_behind_what_it_needs(
    line: list[Place], needs: dict[str, list[str]]
) -> None:
    order = in_order(line, needs)
    assert sorted(order) == sorted(each.id for each in line)
    if not circles(needs):
        for one, awaited in ((one, each) for one, many in needs.items() for each in many):
            assert one not in order or awaited not in order or order.index(awaited) < order.index(one)


def test_priority_then_time_but_nobody_is_overtaken_for_ever() -> None:
    line = [
        Place("a", "main", 0, "1"),
        Place("b", "main", 5, "2"),
        Place("c", "main", 0, "0", overtaken=10),
        Place("d", "main", 9, "9", first=True),
        Place("e", "main", 0, "0"),
    ]
    assert in_order(line, {}) == ("d", "c", "b", "e", "a")
    assert in_order(line, {"d": ["a"]}) == ("a", "d", "c", "b", "e")


def test_circles_are_named() -> None:
    needs = {"a": ["b"], "b": ["c"], "c": ["a"], "d": ["a"], "e": ["e"]}
    assert circles(needs) == {
        "a": ("a", "b", "c", "a"),
        "b": ("b", "c", "a", "b"),
        "c": ("c", "a", "b", "c"),
        "e": ("e", "e"),
    }
