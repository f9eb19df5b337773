"""Simulated days of several replicas on the real store: nothing lost, nothing twice, one commit in the end.

The number of seeds is multiplied by the environment variable CCC_TEST_SEEDS (default 1).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.store.simulation.killing import DYING
from tests.store.simulation.kinds import (
    BUSY,
    COPIED,
    CROWDED,
    FACTOR,
    FAR,
    NEAR,
    TORN,
    TWINS,
    simulate_all,
)
from tests.store.simulation.world import Kind

pytestmark = DYING
CHUNKS = 4


@pytest.mark.parametrize("kind", [NEAR, COPIED, CROWDED], ids=lambda kind: kind.name)
def test_a_day_loses_nothing_and_ends_with_one_commit(kind: Kind, days: Path) -> None:
    simulate_all(kind, range(1), days)


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize(
    ("kind", "number"),
    [(NEAR, 80), (COPIED, 32), (TWINS, 16), (CROWDED, 40), (BUSY, 16), (TORN, 16), (FAR, 8)],
    ids=lambda value: value.name if isinstance(value, Kind) else str(value),
)
def test_many_days_lose_nothing_and_end_with_one_commit(
    kind: Kind, number: int, chunk: int, days: Path
) -> None:
    each = number * FACTOR // CHUNKS
    simulate_all(kind, range(chunk * each, (chunk + 1) * each), days)
