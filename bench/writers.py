"""32 processes that record at once, with pauses (G5): how long each waits, and that nothing is lost."""

from __future__ import annotations

import fcntl
import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.harness import Result, Scale, median_ms, percentile_ms
from bench.places import plain, store_at, stream_of, temporary
from bench.yardsticks import Library
from ccc.domain.events import Draft
from ccc.errors import CccError

WRITERS = 32
PAUSE = 0.2
"""Seconds between two events of one writer, on average: 160 events a second in all."""

SESSIONS = 100
P99_MS = 60.0
PATIENCE = 300.0


def measure(scale: Scale) -> list[Result]:
    """Milliseconds of a call, from every writer; rounds of ccc and of the yardstick in turn."""
    writers, each, rounds = scale.of(4, WRITERS), scale.of(5, 50), scale.of(1, 4)
    ours: list[float] = []
    theirs: list[float] = []
    with temporary() as folder:
        top, other = plain(folder / "repo"), plain(folder / "other")
        stuck, acknowledged = 0, set[str]()
        for number in range(rounds + 1):
            round_of_ours = _together("ccc", top, writers, each, number)
            acknowledged.update(word for word, _ in round_of_ours.written)
            stuck += round_of_ours.failed
            round_of_theirs = _together("library", other, writers, each, number)
            if number > 0:  # the first makes git's 256 folders of objects: 1 to 4 ms each on a disk
                ours += [taken for _, taken in round_of_ours.written]
                theirs += [taken for _, taken in round_of_theirs.written]
        found = _recorded(top)
    lost, twice = len(acknowledged - found.keys()), sum(count - 1 for count in found.values())
    return [
        Result(f"{writers} processes, an event, p99", percentile_ms(ours, 99), P99_MS, "ms"),
        Result("  median", median_ms(ours), None, "ms"),
        Result("  beside: bare pygit2 under flock, p99", percentile_ms(theirs, 99), None, "ms"),
        Result("  beside: bare pygit2 under flock, median", median_ms(theirs), None, "ms"),
        Result(f"  of {len(acknowledged)} events acknowledged: lost", lost, 0.0, "events", exact=True),
        Result("  recorded twice", twice, 0.0, "events", exact=True),
        Result("  processes that gave up or never ended", stuck, 0.0, "processes", exact=True),
    ]


@dataclass(frozen=True)
class Round:
    """What the writers say: each event with the seconds it took, and how many of them failed."""

    written: list[tuple[str, float]]
    failed: int


def _together(kind: str, top: Path, writers: int, each: int, number: int) -> Round:
    """Starts the writers, lets them begin at one moment."""
    command = [sys.executable, "-m", "bench.writers", kind, str(top), str(number), str(each)]
    processes = [
        subprocess.Popen([*command, str(writer)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for writer in range(writers)
    ]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    written: list[tuple[str, float]] = []
    failed = 0
    until = time.monotonic() + PATIENCE
    for process in processes:
        try:
            output, _ = process.communicate(timeout=max(1.0, until - time.monotonic()))
            written += [(word, taken) for word, taken in json.loads(output)]
        except (subprocess.TimeoutExpired, ValueError):
            process.kill()
            process.communicate()
        failed += process.returncode != 0
    return Round(written, failed)


def _recorded(top: Path) -> Counter[str]:
    return Counter(logged.event.text for logged in store_at(top / ".git").log())


def main(arguments: list[str]) -> int:
    """One writer: says that it is ready, waits for a line, writes, prints each event with its time."""
    kind, top, number, each, writer = arguments
    write = {"ccc": _by_ccc, "library": _by_library}[kind](Path(top) / ".git", int(writer))
    print("ready", flush=True)
    sys.stdin.readline()
    written = []
    try:
        for event in range(int(each)):
            time.sleep(random.uniform(0, 2 * PAUSE))
            word, started = f"round {number}, writer {writer}, event {event}", time.perf_counter()
            write(event, word)
            written.append((word, time.perf_counter() - started))
    except CccError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        print(json.dumps(written))
    return 0


def _by_ccc(common: Path, writer: int) -> Callable[[int, str], None]:
    store = store_at(common)

    def write(event: int, word: str) -> None:
        store.transact(lambda _: _facts(writer, event, word), durable=False)

    return write


def _facts(writer: int, event: int, word: str) -> Sequence[Draft]:
    stream = stream_of(writer * 7 + event, SESSIONS)
    changes = {stream: {"progress": event % 101}}
    return [Draft("session.progressed", "bench", word, changes, session=stream.partition("/")[2])]


def _by_library(common: Path, writer: int) -> Callable[[int, str], None]:
    library = Library(common, SESSIONS)

    def write(event: int, word: str) -> None:
        del word
        with (common / "yardstick.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            library.event(writer * 7 + event)

    return write


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
