"""Every safety rule is needed: without it the simulation fails within a few seeds.

The number of seeds tried is multiplied by the environment variable CCC_TEST_SEEDS (default 1).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.store.simulation.kinds import FACTOR
from tests.store.simulation.rules import RULES, Rule, failures, names
from tests.store.simulation.world import simulate

SEEDS = 40


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES, ids=names(RULES))
def test_without_the_rule_a_day_goes_wrong(
    rule: Rule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule.remove(monkeypatch)
    for seed in range(SEEDS * FACTOR):
        try:
            simulate(seed, rule.kind, tmp_path / str(seed))
        except failures() as error:
            print(f"without: {rule}\nseed {seed}: {type(error).__name__}: {str(error)[:200]}")
            return
    pytest.fail(f"{SEEDS * FACTOR} days went well without: {rule}")
