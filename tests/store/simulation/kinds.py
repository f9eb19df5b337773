"""The kinds of day that are simulated, and how many of each."""

from __future__ import annotations

import os
from pathlib import Path

from tests.store.simulation.world import Kind, simulate

VARIABLE = "CCC_TEST_SEEDS"
"""A factor for the number of seeds of every simulation and storm (default 1)."""

NEAR = Kind("near")
COPIED = Kind("copied", copied=True)
CROWDED = Kind("crowded", crowded=True)
FAR = Kind("far", steps=50, far=True)
HARSH = Kind("harsh", often=("die", "power-cut"), points=("wal-written",))
BUSY = Kind("busy", alone=True, crowded=True, often=("overtake", "lose-objects"))
LOSSY = Kind("lossy", alone=True, often=("lose-objects", "decide"))
TORN = Kind("torn", alone=True, partly=True, often=("lose-objects", "decide"))
SHARED = Kind("shared", often=("done-mark-lost", "power-cut", "sync"))
TWINS = Kind("twins", copied=True, often=("twins",))

FACTOR = int(os.environ.get(VARIABLE, "1"))


def simulate_all(kind: Kind, seeds: range, folder: Path) -> None:
    """So many simulated days, printed with their seeds and what happened in them."""
    for seed in seeds:
        counts = simulate(seed, kind, folder / str(seed))
        happened = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
        print(f"{kind.name} {seed}: {happened}")
