"""What changes while `refs/ccc` grows to a million events (G2 S2): appending, status, size on disk.

`python -m bench.growth --events 1000000 --data docs/growth.json --plot docs/growth.svg`
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.append import PACKED_BYTES, SINGLE_A_SECOND, pack_bytes
from bench.chart import Chart, Line, page
from bench.harness import Result, Scale, in_turns, median_ms, percentile_ms, seconds
from bench.packing import PackingGit
from bench.places import leave_the_surroundings, plain, progressed, run, store_at, temporary
from bench.sessions import record_progress, record_sessions, retire
from bench.status import COLD_MS
from bench.yardsticks import Library
from ccc.store.gitstore import GitStore

STEPS = (0, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
AT_ONCE = 1000
"""Recorded at once, and still one commit each."""

CHUNK = 20_000
"""Events between two tidyings of the packs."""

APPENDS_A_ROUND = 5
FLAT = 1.25


@dataclass(frozen=True)
class Point:
    """What was measured with so many events on `refs/ccc`; times in milliseconds, medians, sizes in bytes.

    `append_used` and `library_used` are processor time.
    """

    events: int
    append: float
    append_p99: float
    append_used: float
    library: float
    library_used: float
    status: float
    python: float
    packed: int
    fill_per_second: float | None


def measure(scale: Scale) -> list[Result]:
    """The last point against the first, and its figures against the budgets."""
    points = grown(scale, scale.of(300, 10_000, 1_000_000), scale.of(10, 1000))
    return results(points)


def results(points: list[Point]) -> list[Result]:
    """The rows of the table."""
    first, last = points[0], points[-1]
    flat = (last.append_used / last.library_used) / (first.append_used / first.library_used)
    size = (last.packed - first.packed) / (last.events - first.events)
    here = f"at {last.events} events"
    return [
        Result(f"append one event {here}", last.append, 1000 / SINGLE_A_SECOND, "ms"),
        Result("  of which processor time", last.append_used, None, "ms"),
        Result("  beside: bare pygit2 in a small repository", last.library, None, "ms"),
        Result("  of which processor time", last.library_used, None, "ms"),
        Result("processor time against none, each over bare pygit2", flat, FLAT, "times"),
        Result(f"status {here}, cold", last.status, COLD_MS, "ms"),
        Result("  beside: python -c pass", last.python, None, "ms"),
        Result(f"packed size of an event {here}", size, PACKED_BYTES, "bytes"),
    ]


def grown(scale: Scale, events: int, sessions: int) -> list[Point]:
    """Fills a repository to so many events, each in a commit of its own, and measures at each step."""
    with temporary() as folder:
        fill(folder, events, sessions)
        return measured(scale, folder, events, sessions)


def fill(folder: Path, events: int, sessions: int) -> None:
    """A repository for each step, grown out of the one before; those that are there already are kept.

    A million events take a quarter of an hour: measuring wants a quiet machine, filling does not.
    """
    folder.mkdir(parents=True, exist_ok=True)
    growing, before = folder / "growing", None
    for goal in _steps(events):
        shutil.rmtree(growing, ignore_errors=True)
        if not (folder / str(goal)).exists():
            rate = _grow(growing, folder, before, goal, sessions)
            (folder / f"{goal}.rate").write_text(json.dumps(rate), encoding="utf-8")
            growing.rename(folder / str(goal))
            print(f"{goal} events", file=sys.stderr, flush=True)
        before = goal


def _steps(events: int) -> list[int]:
    return [*(step for step in STEPS if step < events), events]


def _grow(growing: Path, folder: Path, before: int | None, goal: int, sessions: int) -> float | None:
    """The repository with `goal` events, tidied; events a second, None where there were none to record."""
    if before is None:
        plain(growing)
        run(sys.executable, "-m", "ccc", "init", cwd=growing)
        record_sessions(growing, store_at(growing / ".git"), sessions)
    else:
        shutil.copytree(folder / str(before), growing, symlinks=True)
    rate = _fill(growing, before or 0, goal, sessions) if goal > (before or 0) else None
    _tidied(growing)
    return rate


def measured(scale: Scale, folder: Path, events: int, sessions: int) -> list[Point]:
    """What was filled, measured one after the other, each in a copy."""
    points = []
    for goal in _steps(events):
        rate = json.loads((folder / f"{goal}.rate").read_text(encoding="utf-8"))
        with temporary() as place:
            shutil.copytree(folder / str(goal), place / "repo", symlinks=True)
            library = Library(plain(place / "other") / ".git", sessions)
            points.append(_point(scale, place / "repo", library, goal, sessions, rate))
        print(points[-1], file=sys.stderr, flush=True)
    return points


def _point(
    scale: Scale, top: Path, library: Library, events: int, sessions: int, rate: float | None
) -> Point:
    size = pack_bytes(top)
    store = store_at(top / ".git")
    status = [str(Path(sys.executable).with_name("git-ccc")), "status", "--short"]
    bare = [sys.executable, "-c", "pass"]

    def cold(number: int) -> float:
        _append(store, events + number, sessions)
        return _process(status, top)

    appends = in_turns(
        scale.rounds * APPENDS_A_ROUND,
        {"append": lambda number: _append(store, events + number, sessions), "library": library},
    )
    looks = in_turns(scale.rounds, {"status": cold, "python": lambda _: _process(bare, top)})
    return Point(
        events,
        round(median_ms(appends["append"]), 3),
        round(percentile_ms(appends["append"], 99), 3),
        round(median_ms(appends["append"].processor), 3),
        round(median_ms(appends["library"]), 3),
        round(median_ms(appends["library"].processor), 3),
        round(median_ms(looks["status"]), 1),
        round(median_ms(looks["python"]), 1),
        size,
        rate and round(rate),
    )


def _append(store: GitStore, number: int, sessions: int) -> float:
    return seconds(lambda: store.transact(lambda _: [progressed(number, sessions)], durable=False))


def _process(command: list[str], top: Path) -> float:
    return seconds(lambda: subprocess.run(command, cwd=top, check=True, capture_output=True))


def _fill(top: Path, first: int, beyond: int, sessions: int) -> float:
    """Records events into packs, tidies them in passing; events a second, tidying left out."""
    store = store_at(top / ".git", PackingGit(top / ".git"))
    taken = 0.0
    for start in range(first, beyond, CHUNK):
        started = time.perf_counter()
        record_progress(store, start, min(start + CHUNK, beyond), sessions, AT_ONCE)
        taken += time.perf_counter() - started
        run("git", "repack", "-q", "-d", "--geometric=2", cwd=top)
        retire(top)
    return (beyond - first) / taken


def _tidied(top: Path) -> None:
    """As a gc of loose objects leaves it: `-f` seeks the deltas that were not sought when it was filled."""
    run("git", "-c", "pack.threads=1", "repack", "-q", "-a", "-d", "-f", cwd=top)
    run("git", "-c", "pack.threads=1", "gc", "-q", cwd=top)


def drawn(points: list[Point]) -> str:
    """The points as a picture: appending, status, size."""

    def line(label: str, name: str, kind: str = "ours") -> Line:
        return Line(label, [getattr(point, name) for point in points], kind)

    def budget(value: float, label: str) -> Line:
        return Line(label, [value] * len(points), "budget")

    limit = 1000 / SINGLE_A_SECOND
    sizes = [max(point.packed - points[0].packed, 1) / 1e6 for point in points[1:]]
    allowed = [point.events * PACKED_BYTES / 1e6 for point in points[1:]]
    charts = [
        Chart(
            "Append one event, milliseconds",
            [
                line("ccc, median", "append"),
                line("ccc, p99", "append_p99", "tail"),
                line("bare pygit2, median", "library", "beside"),
                budget(limit, f"budget {limit:g} ms"),
            ],
        ),
        Chart(
            "git ccc status, a fresh process, milliseconds",
            [
                line("status, median", "status"),
                line("python -c pass", "python", "beside"),
                budget(COLD_MS, f"budget {COLD_MS:g} ms"),
            ],
        ),
        Chart(
            "Events on disk after git gc, megabytes",
            [
                Line("size", sizes),
                Line(f"budget {PACKED_BYTES / 1000:g} kB an event", allowed, "budget"),
            ],
            logarithmic=True,
        ),
    ]
    return page(charts, [point.events for point in points], "events on refs/ccc")


def main(arguments: list[str]) -> int:
    """Measures and draws; with `--from`, draws what was measured before."""
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description="Grow refs/ccc, and draw it.")
    parser.add_argument("--events", type=int, default=10_000, help="how far to grow (default: 10000)")
    parser.add_argument("--sessions", type=int, default=1000, help="of how many sessions (default: 1000)")
    parser.add_argument("--rounds", type=int, default=30, help="measurements at each point (default: 30)")
    parser.add_argument("--data", type=Path, help="write the points to this file (JSON)")
    parser.add_argument("--from", dest="source", type=Path, help="draw the points of this file instead")
    parser.add_argument("--in", dest="folder", type=Path, help="keep what was filled below this folder")
    parser.add_argument("--fill", action="store_true", help="fill them and measure nothing; needs --in")
    parser.add_argument("--plot", type=Path, help="draw to this file (SVG)")
    asked = parser.parse_args(arguments)
    leave_the_surroundings()
    if asked.source:
        points = [Point(**each) for each in json.loads(asked.source.read_text(encoding="utf-8"))["points"]]
    elif asked.folder:
        fill(asked.folder, asked.events, asked.sessions)
        if asked.fill:
            return 0
        points = measured(Scale("asked", asked.rounds), asked.folder, asked.events, asked.sessions)
    else:
        points = grown(Scale("asked", asked.rounds), asked.events, asked.sessions)
    if asked.data:
        document = {"sessions": asked.sessions, "points": [asdict(point) for point in points]}
        asked.data.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    if asked.plot:
        asked.plot.write_text(drawn(points), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
