"""Every safety rule is needed: without it the simulation fails within a few seeds.

The number of seeds tried is multiplied by the environment variable CCC_TEST_SEEDS (default 1).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.store.simulation.killing import DYING
from tests.store.simulation.kinds import FACTOR
from tests.store.simulation.rules import RULES, Removal, Rule, failures, names
from tests.store.simulation.world import simulate

pytestmark = [pytest.mark.slow, DYING]
SEEDS = 20


@pytest.mark.parametrize("rule", RULES, ids=names(RULES))
def test_without_the_rule_a_day_goes_wrong(rule: Rule, days: Path) -> None:
    """And the very same day goes well with it."""
    for seed in range(SEEDS * FACTOR):
        words = wrong_without(rule, seed, days / f"without-{seed}")
        if words:
            print(f"without: {rule}\nseed {seed}: {words}")
            simulate(seed, rule.kind, days / "with")
            return
    pytest.fail(f"{SEEDS * FACTOR} days went well without: {rule}")


def wrong_without(rule: Rule, seed: int, folder: Path) -> str:
    """What goes wrong on this day without the rule, if anything; the rule must really be out of force."""
    with pytest.MonkeyPatch.context() as patch:
        removal = Removal(patch)
        rule.remove(removal)
        try:
            simulate(seed, rule.kind, folder)
        except failures() as error:
            words = f"{type(error).__name__}: {str(error)[:200]}"
        else:
            words = ""
    assert not (words and removal.stale), f"nothing came by {removal.stale}, yet: {words}"
    assert not removal.stale, f"the rule was in force: nothing came by {removal.stale} on day {seed}"
    return words
