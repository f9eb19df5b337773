"""How fast events are recorded by a long-lived process: one by one, and many at once (G2)."""

from __future__ import annotations

import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.harness import Result
from ccc.domain.events import Draft
from ccc.git.command import Git
from ccc.git.libgit import LibGit
from ccc.layout import Layout
from ccc.store.gitstore import GitStore
from ccc.store.reader import nothing_observed

SESSIONS = 100
ROUNDS = 30
SINGLE = 50
BATCH = 5000


def measure() -> list[Result]:
    """Seconds per event, median of rounds that alternate between both ways of recording.

    Budgets (DESIGN §7): 500 events/s one by one, 20,000/s in batches, not synced to disk.
    """
    with tempfile.TemporaryDirectory() as folder:
        store = _store(Path(folder))
        single, batch = [], []
        for _ in range(ROUNDS):
            single.append(_timed(lambda: _one_by_one(store)) / SINGLE)
            batch.append(_timed(lambda: _at_once(store)) / BATCH)
    return [
        Result("append one event", statistics.median(single) * 1e6, 1e6 / 500, "µs"),
        Result("append an event of a batch", statistics.median(batch) * 1e6, 1e6 / 20_000, "µs"),
    ]


def _store(folder: Path) -> GitStore:
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    common = folder / ".git"
    git, objects = Git(common), LibGit(common)
    return GitStore(Layout(common), git, objects=objects, identity=str, observe=nothing_observed)


def _timed(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _one_by_one(store: GitStore) -> None:
    for number in range(SINGLE):
        store.transact(lambda _, number=number: [_fact(number)], durable=False)  # type: ignore[misc]


def _at_once(store: GitStore) -> None:
    facts = [_fact(number) for number in range(BATCH)]
    store.transact(lambda _: facts, durable=False)


def _fact(number: int) -> Draft:
    session = f"{number % SESSIONS:032x}"
    changes = {f"sessions/{session}": {"progress": number % 101}}
    return Draft(
        "session.progressed", "backend-login", f"progress {number % 101} %", changes, session=session
    )
