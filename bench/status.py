"""A cold `git ccc status` with 1000 sessions and 100,000 events (S2), beside `python -c pass`."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench.harness import Result
from bench.places import ROUNDS, repository, run
from ccc.domain.events import Draft
from ccc.git.command import Git
from ccc.git.libgit import LibGit
from ccc.layout import Layout
from ccc.store.gitstore import GitStore
from ccc.store.reader import nothing_observed

SESSIONS = 1000
EVENTS = 100_000
BATCH = 5000
BUDGET_MS = 80.0


def measure() -> list[Result]:
    """Milliseconds of the whole process, median; packed, as after `git gc`."""
    with repository() as top:
        _fill(top)
        run("git", "gc", "-q", cwd=top)
        for batch in (top / ".git" / "ccc" / "wal" / "done").iterdir():
            batch.unlink()  # as they retire after ten minutes
        status = [sys.executable, "-m", "ccc", "status", "--short"]
        bare = [sys.executable, "-c", "pass"]
        times: dict[str, list[float]] = {"status": [], "python": []}
        for _ in range(ROUNDS):
            times["status"].append(_timed(status, top))
            times["python"].append(_timed(bare, top))
    medians = {name: statistics.median(found) * 1000 for name, found in times.items()}
    return [
        Result("status, 1000 sessions, 100,000 events, cold", medians["status"], BUDGET_MS, "ms"),
        Result("  of which Python's own start", medians["python"], BUDGET_MS, "ms"),
    ]


def _timed(command: list[str], top: Path) -> float:
    started = time.perf_counter()
    subprocess.run(command, cwd=top, check=True, capture_output=True)
    return time.perf_counter() - started


def _fill(top: Path) -> None:
    common = top / ".git"
    git = Git(common, {"GIT_DIR": str(common)})
    store = GitStore(
        Layout(common),
        git,
        objects=LibGit(common),
        identity=lambda: "Bench <bench@example.com>",
        observe=nothing_observed,
    )
    head = run("git", "rev-parse", "HEAD", cwd=top)
    where = (common / "ccc" / "replica").read_text().strip()
    lines = "".join(f"create refs/heads/ccc/backend/task-{number} {head}\n" for number in range(SESSIONS))
    subprocess.run(["git", "update-ref", "--stdin"], cwd=top, input=lines, text=True, check=True)
    store.transact(lambda _: [_spawned(number, head, where) for number in range(SESSIONS)], durable=False)
    for start in range(0, EVENTS - SESSIONS, BATCH):
        store.transact(lambda _, start=start: [_progress(start + n) for n in range(BATCH)], durable=False)  # type: ignore[misc]


def _spawned(number: int, head: str, where: str) -> Draft:
    name = f"backend-task-{number}"
    fields = {
        "name": name,
        "role": "backend",
        "task": f"Task {number} of many",
        "branch": f"ccc/backend/task-{number}",
        "worktree": f"/nowhere/{name}",
        "where": where,
        "target": "main",
        "base": head,
        "head": head,
        "landed": {
            "commit": head,
            "head": head,
            "base": head,
            "tree": head,
            "target": "main",
            "advanced": None,
        },
    }
    return Draft(
        "session.spawned", name, "spawned", {f"sessions/{number:032x}": fields}, session=f"{number:032x}"
    )


def _progress(number: int) -> Draft:
    session = f"{number % SESSIONS:032x}"
    changes = {f"sessions/{session}": {"progress": number % 101}}
    return Draft(
        "session.progressed", f"backend-task-{number % SESSIONS}", "progress", changes, session=session
    )
