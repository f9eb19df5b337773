"""How soon an agent is there again after kill -9 (S7): of its own process, and of its host.

Another session's host lives, as in a repository where work is done, and nobody gives a command. There again
is the agent when another process of it works, in a run of the same conversation.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench import claudes
from bench.claudes import runs_python, with_claude
from bench.harness import Result, Scale, percentile_ms
from bench.places import ccc, repository
from ccc.demo.stub import Stub
from ccc.layout import Layout
from ccc.platform import processes
from ccc.runs.files import SessionFiles, read_json

BUDGET_MS = 5000.0
PATIENCE = 120.0
LOOK = 0.01
STAYS = "turns:\n  - steps:\n      - wait: {seconds: 3000}\n"
CLAUDES = 5
"""Kills of each kind with the real program, which takes seconds to come up."""


def measure(scale: Scale) -> list[Result]:
    """Milliseconds from the kill; each kill meets a session of its own, as restarts come later and later."""
    count = scale.of(1, max(scale.rounds, 30))
    results = []
    with repository() as top:
        play = top.parent / "script.yml"
        play.write_text(STAYS, encoding="utf-8")
        results += _killed(top, f"rehearsal:{play}", count)
    program = claudes.program()
    if program is None:
        print("      [recovery: no claude program on PATH, so only a rehearsal]", file=sys.stderr)
        return results
    tool = runs_python("import time; time.sleep(100)")
    script = {"*": [{"text": "on it", "tools": [tool]}] * 1000}
    with Stub(script) as stub, with_claude(program, stub.url) as top:
        results += _killed(top, "claude", scale.of(1, CLAUDES))
    return results


def _killed(top: Path, engine: str, count: int) -> list[Result]:
    what = engine.partition(":")[0]
    results = []
    try:
        _working(top, "Neighbour", engine)
        for who in ("agent", "host"):
            times = [_back(_working(top, f"{who.title()} {number}", engine), who) for number in range(count)]
            name = f"{what} back after kill -9 of its {who}"
            results.append(Result(name, percentile_ms(times, 50), BUDGET_MS, "ms"))
            results.append(Result(f"  the slowest of {count}", percentile_ms(times, 100), None, "ms"))
    finally:
        ccc("stop", "--all", "--grace", "1", cwd=top)
    return results


def _working(top: Path, task: str, engine: str) -> SessionFiles:
    """A session whose agent is in the middle of a turn."""
    made = json.loads(ccc("spawn", "backend", task, "--engine", engine, "--json", cwd=top))["sessions"][0]
    files = SessionFiles.of(Layout(top / ".git"), made["id"])
    _until(files, lambda life: life["phase"] == "running")
    return files


def _back(files: SessionFiles, who: str) -> float:
    """Kills, and gives how many seconds it took until another process of the agent works."""
    before = _life(files)
    conversation = _conversation(files)
    killed = before[who]
    started = time.perf_counter()
    os.kill(int(killed.split(" ")[0]), signal.SIGKILL)
    _until(files, lambda life: _works(life) and life["agent"] != before["agent"])
    took = time.perf_counter() - started
    if _conversation(files) != conversation:
        raise RuntimeError(f"another conversation after kill -9 of the {who}")
    ccc("stop", files.root.name, "--grace", "0", cwd=files.root.parents[3])
    return took


def _works(life: dict[str, str]) -> bool:
    agent = life.get("agent")
    return life["phase"] == "running" and agent is not None and processes.alive(agent)


def _life(files: SessionFiles) -> dict[str, str]:
    """What the host of the youngest run wrote last; nothing before there is one."""
    found = read_json(files.run(files.latest() or 0).life)
    return {name: str(value) for name, value in (found or {}).items() if value is not None}


def _conversation(files: SessionFiles) -> str:
    order = read_json(files.run(files.latest() or 0).order) or {}
    return str(order.get("conversation"))


def _until(files: SessionFiles, seen: Callable[[dict[str, str]], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        life = _life(files)
        if life and seen(life):
            return
        time.sleep(LOOK)
    raise TimeoutError(f"not seen within {PATIENCE:g} s, last {_life(files)}")
