"""Status of 1000 sessions after 100,000 events (S2): as a process, and asked of one that stays."""

from __future__ import annotations

import itertools
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from bench.harness import Result, Scale, in_turns, median_ms, seconds
from bench.places import ccc, progressed, repository, run, store_at
from bench.sessions import record_progress, record_sessions, retire
from ccc.ops.look import look
from ccc.ops.show import show
from ccc.ops.workspace import Workspace
from ccc.store.gitstore import GitStore

COLD_MS, WARM_MS = 80.0, 5.0
LOGGED = 20
APART = 200
"""The last events, one by one as people and hooks record them; those before come in large batches."""


def measure(scale: Scale) -> list[Result]:
    """Milliseconds, medians; packed, as after `git gc`. Before each cold one an event is recorded."""
    sessions, events = scale.of(10, 1000), scale.of(200, 100_000)
    with repository() as top:
        store = store_at(top / ".git")
        record_sessions(top, store, sessions)
        recorded = events - sessions
        apart = min(APART, recorded)
        record_progress(store, 0, recorded - apart, sessions)
        record_progress(store, recorded - apart, recorded, sessions, batch=1)
        run("git", "gc", "-q", cwd=top)
        ccc("drain", cwd=top)  # as whatever writes wakes one: it remembers the configuration that it has seen
        retire(top)
        return [*_cold(scale, top, store, sessions, events), *_warm(scale, top, store, sessions)]


def _cold(scale: Scale, top: Path, store: GitStore, sessions: int, events: int) -> list[Result]:
    cache = top / ".git" / "ccc" / "cache"
    status = [str(Path(sys.executable).with_name("git-ccc")), "status", "--short"]  # what git itself starts

    def after_an_event(number: int) -> float:
        _one_more(store, number, sessions)
        return _process(status, top)

    def without_cache(_: int) -> float:
        shutil.rmtree(cache, ignore_errors=True)
        return _process(status, top)

    works = {
        "changed": after_an_event,
        "same": lambda _: _process(status, top),
        "python": lambda _: _process([sys.executable, "-c", "pass"], top),
    }
    times = in_turns(scale.rounds, works)
    bare = statistics.median(without_cache(number) for number in range(max(2, scale.rounds // 3)))
    what = f"status, {sessions} sessions, {events} events"
    return [
        Result(f"{what}, cold", median_ms(times["changed"]), COLD_MS, "ms"),
        Result(
            "  of which processor time, with the event", median_ms(times["changed"].processor), None, "ms"
        ),
        Result("  nothing recorded since the last one", median_ms(times["same"]), COLD_MS, "ms"),
        Result("  its cache deleted", bare * 1000, None, "ms"),
        Result("  beside: python -c pass", median_ms(times["python"]), None, "ms"),
    ]


def _warm(scale: Scale, top: Path, store: GitStore, sessions: int) -> list[Result]:
    workspace = Workspace.open(top, os.environ)

    def asked(query: Callable[[], object]) -> Callable[[int], float]:
        query()
        return lambda _: seconds(query)

    def after_an_event(number: int) -> float:
        _one_more(store, number, sessions)
        return seconds(lambda: look(workspace))

    works = {
        "all": asked(lambda: look(workspace)),
        "changed": after_an_event,
        "one": asked(lambda: show(workspace, f"backend-task-{sessions // 2}")),
        "stream": asked(lambda: workspace.reader.state().stream(f"sessions/{0:032x}")),
        "log": asked(lambda: list(itertools.islice(workspace.reader.log(), LOGGED))),
    }
    times = in_turns(scale.rounds, works)
    words = {
        "stream": "one session's state",
        "log": f"the last {LOGGED} of the log",
        "all": f"all {sessions} sessions with status",
        "changed": "the same after an event",
        "one": "one session shown whole",
    }
    return [Result(f"warm: {words[name]}", median_ms(times[name]), WARM_MS, "ms") for name in words]


def _one_more(store: GitStore, number: int, sessions: int) -> None:
    store.transact(lambda _: [progressed(number, sessions)], durable=False)


def _process(command: list[str], top: Path) -> float:
    return seconds(lambda: subprocess.run(command, cwd=top, check=True, capture_output=True))
