"""How fast a long-lived process records events (G2): one by one and many at once, and how small they pack."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from bench.harness import Result, Scale, in_turns, median_ms, seconds
from bench.places import plain, progressed, run, store_at, temporary
from bench.yardsticks import Library, Plumbing, plain_commit
from ccc.store.gitstore import GitStore

SESSIONS = 100
SINGLE = 50
"""Events one by one in a round, and as many by bare pygit2."""

AT_ONCE = 100
"""Recorded at once, and still one commit each."""

SINGLE_A_SECOND, BATCHED_A_SECOND = 500, 20_000
PACKED_BYTES = 900.0


def measure(scale: Scale) -> list[Result]:
    """Milliseconds and microseconds an event, medians of rounds in which each way has its turn.

    Events of the budgeted rows survive the end of any process, as hooks' do; `synced` ones a power cut, too.
    """
    batch = scale.of(200, 5000)
    with temporary() as folder:
        top, other = plain(folder / "repo"), plain(folder / "other")
        store = store_at(top / ".git")
        library = Library(other / ".git", SESSIONS)
        times = in_turns(
            scale.rounds,
            {
                "single": lambda _: _one_by_one(store) / SINGLE,
                "synced": lambda number: seconds(lambda: _record(store, number, durable=True)),
                "batch": lambda _: seconds(lambda: _at_once(store, batch)) / batch,
                "library": lambda number: sum(library(number * SINGLE + n) for n in range(SINGLE)) / SINGLE,
                "plumbing": Plumbing(other),
                "commit": lambda _: plain_commit(other),
            },
        )
        packed = _packed(folder / "packed", scale.of(100, 20_000))
    single, plumbing = median_ms(times["single"]), median_ms(times["plumbing"])
    alone = median_ms(times["library"])
    used, used_by_library = (median_ms(times[name].processor) / SINGLE for name in ("single", "library"))
    return [
        Result("append one event, long-lived process", single, 1000 / SINGLE_A_SECOND, "ms"),
        Result("  of which processor time", used, None, "ms"),
        Result("  beside: bare pygit2, no lock, no log, no join", alone, None, "ms"),
        Result("  of which processor time", used_by_library, None, "ms"),
        Result("  beside: git hash-object, mktree, commit-tree, update-ref", plumbing, None, "ms"),
        Result("  beside: git commit --allow-empty", median_ms(times["commit"]), None, "ms"),
        Result("  the same, synced to disk (decisions)", median_ms(times["synced"]), None, "ms"),
        Result(
            f"append an event of a batch of {batch}",
            statistics.median(times["batch"]) * 1e6,
            1e6 / BATCHED_A_SECOND,
            "µs",
        ),
        Result(
            "  of which processor time", statistics.median(times["batch"].processor) / batch * 1e6, None, "µs"
        ),
        Result("an event recorded one by one, packed by git gc", packed, PACKED_BYTES, "bytes"),
    ]


def _one_by_one(store: GitStore) -> float:
    started = time.perf_counter()
    for number in range(SINGLE):
        _record(store, number)
    return time.perf_counter() - started


def _record(store: GitStore, number: int, *, durable: bool = False) -> None:
    store.transact(lambda _: [progressed(number, SESSIONS)], durable=durable)


def _at_once(store: GitStore, size: int) -> None:
    facts = [progressed(number, SESSIONS) for number in range(size)]
    store.transact(lambda _: facts, durable=False)


def _packed(top: Path, events: int) -> float:
    """Bytes of packs an event, each in a commit of its own, after an ordinary gc."""
    plain(top)
    run("git", "gc", "-q", cwd=top)
    before = pack_bytes(top)
    store = store_at(top / ".git")
    for start in range(0, events, AT_ONCE):
        facts = [progressed(number, SESSIONS) for number in range(start, start + AT_ONCE)]
        store.transact(lambda _, facts=facts: facts, durable=False)  # type: ignore[misc]
    run("git", "gc", "-q", cwd=top)
    return (pack_bytes(top) - before) / events


def pack_bytes(top: Path) -> int:
    """The size of a repository's packs with all that belongs to them."""
    return sum(path.stat().st_size for path in (top / ".git" / "objects" / "pack").iterdir())
