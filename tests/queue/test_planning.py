"""`merge --plan` knows the pairs that pass the gate each alone and fail together."""

from __future__ import annotations

import pytest

from tests.queue.conftest import Finish, Gated
from tests.queue.test_speculating import GATE, settled
from tests.support.program import RunsCcc

pytestmark = pytest.mark.slow


def test_of_two_that_fail_together_one_lands_and_the_plan_says_why(
    gated: Gated, ccc: RunsCcc, finish: Finish
) -> None:
    gated.configure(GATE.format("! { test -e f0 && test -e f2; }"))
    made = [finish("backend", f"Part {n}", {f"f{n}": "1"}) for n in range(3)]
    ccc("wait", "--timeout", "60", exit=0)
    ccc("queue", *(each.name for each in made), exit=0)
    settled(ccc, *made)
    zero, one, two = made
    (why,) = {each["text"].partition(": ")[2] for each in events(ccc, "merge.clashed")}
    plan = ccc("merge", "--plan", "--json", exit=0).json
    order = {each["name"]: each for each in plan["order"]}
    assert list(order) == [zero.name, one.name, two.name]
    assert [each["lands"] for each in order.values()] == [True, True, False]
    assert (plan["conflicts"], plan["queue_conflicts"]) == (1, 1)
    assert order[zero.name]["reasons"] == [f"before {two.name}, which fails with it: {why}"]
    assert order[one.name]["reasons"] == ["in conflict with nobody here"]
    assert order[two.name]["reasons"] == [f"fails together with {zero.name}, each passes alone: {why}"]
    against = {"session": zero.id, "name": zero.name, "paths": [], "why": why}
    assert (order[two.name]["paths"], order[two.name]["conflicts_with"]) == ([], [against])
    said = ccc("merge", "--plan", exit=0).stdout.splitlines()
    assert said[-3:] == [
        f"   fails together with {zero.name}, each passes alone: {why}",
        f"   git ccc review {two.name}",
        "1 landing in conflict in this order, 1 in that of the queue",
    ]


def test_one_that_fails_with_two_comes_behind_them(gated: Gated, ccc: RunsCcc, finish: Finish) -> None:
    gated.configure(GATE.format("! { test -e f0 && test -e f1; } && ! { test -e f0 && test -e f2; }"))
    made = [finish("backend", f"Part {n}", {f"f{n}": "1"}) for n in range(3)]
    ccc("wait", "--timeout", "60", exit=0)
    ccc("queue", *(each.name for each in made), exit=0)
    settled(ccc, *made)
    plan = ccc("merge", "--plan", "--json", exit=0).json
    assert [each["name"] for each in plan["order"]] == [made[1].name, made[2].name, made[0].name]
    assert (plan["conflicts"], plan["queue_conflicts"]) == (1, 2)
    told = ccc("merge", *(each["name"] for each in plan["order"]), "--yes", exit=1)
    assert [line.split()[1] for line in told.stdout.splitlines()] == [made[1].name, made[2].name]


def events(ccc: RunsCcc, kind: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = ccc("log", "--type", kind, "--json", exit=0).json["events"]
    return found
