"""A session host at work: its memory, and what it costs while its agent is idle (S4), beside bare Python."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench.harness import Result, Scale
from bench.places import repository, run
from ccc.platform import trees

RSS_BUDGET_MB = 25.0
CPU_BUDGET_PERCENT = 0.1
PATIENCE = 30.0

SCRIPT = "turns:\n  - steps:\n      - say: ready\n"


def measure(scale: Scale) -> list[Result]:
    """Megabytes and percent of one processor, medians over several hosts; bare Python's megabytes beside."""
    count, idle = scale.of(1, 5), scale.of(1.0, 20.0)
    with repository() as top:
        run(sys.executable, "-m", "ccc", "init", cwd=top)
        script = top.parent / "script.yml"
        script.write_text(SCRIPT, encoding="utf-8")
        for number in range(count):
            spawn = ("spawn", "backend", f"Part {number}", "--engine", f"rehearsal:{script}")
            run(sys.executable, "-m", "ccc", *spawn, cwd=top)
        hosts = _hosts(top, count)
        try:
            before = [trees.cpu_seconds(pid) or 0.0 for pid in hosts]
            time.sleep(idle)
            used = [(trees.cpu_seconds(pid) or 0.0) - first for pid, first in zip(hosts, before, strict=True)]
            memory = [(trees.memory(pid) or 0) / 1e6 for pid in hosts]
        finally:
            run(sys.executable, "-m", "ccc", "stop", "--all", "--grace", "1", cwd=top)
    return [
        Result("host, resident memory", statistics.median(memory), RSS_BUDGET_MB, "MB"),
        Result("  of which bare Python", _bare(), None, "MB"),
        Result("host, idle", statistics.median(used) / idle * 100, CPU_BUDGET_PERCENT, "% CPU"),
    ]


def _hosts(top: Path, count: int) -> list[int]:
    """The process ids of hosts whose agent has ended its turn."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        lives = [json.loads(path.read_bytes()) for path in (top / ".git/ccc/runs").glob("*/*/life.json")]
        if len(lives) == count and all(life["phase"] == "idle" for life in lives):
            return [int(life["host"].split(" ")[0]) for life in lives]
        time.sleep(0.05)
    raise TimeoutError("the agents did not become idle")


def _bare() -> float:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env=dict(os.environ))
    time.sleep(0.3)
    found = (trees.memory(process.pid) or 0) / 1e6
    process.communicate(b"\n")
    return found
