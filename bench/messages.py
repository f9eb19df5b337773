"""How soon the receipt of a message is on `refs/ccc` (M1): from when its words were in the agent's request.

With the real `claude` program and a scripted model on this machine, both ways: through the pipe of a host,
and at the hook points of one that a person runs. Without that program: a rehearsed agent only.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench import claudes
from bench.claudes import runs_python, with_claude
from bench.harness import Result, Scale, median_ms
from bench.places import ccc, repository, run
from ccc.demo.answers import Answer, Body
from ccc.demo.stub import Stub

BUDGET_MS = 300.0
PATIENCE = 60.0
TOOL_SECONDS = 2.5
"""How long the agent's tool runs: a message sent meanwhile is recorded before it ends."""

HEARING = "turns:\n  - steps:\n"
HEARS = "      - wait: {message: true}\n"


class Timed(Stub):
    """The stub, which remembers when a request first said something."""

    def __init__(self) -> None:
        super().__init__({})
        self.asked: list[tuple[float, str]] = []

    def reply(self, body: Body, session: str | None) -> Answer:
        """As ever."""
        self.asked.append((time.perf_counter(), json.dumps(body.get("messages"))))
        return super().reply(body, session)

    def first(self, words: str) -> float | None:
        """When a request said it."""
        return next((at for at, said in list(self.asked) if words in said), None)


def measure(scale: Scale) -> list[Result]:
    """Medians over several messages."""
    count = scale.of(1, 10, 30)
    results = [Result("message to a running rehearsal, sent to receipt", _rehearsed(count), None, "ms")]
    program = claudes.program()
    if program is None:
        print("      [messages: no claude program on PATH, so only a rehearsal]", file=sys.stderr)
        return results
    for name, works in (("through its pipe", _hosted), ("at its hook points", _by_hand)):
        with Timed() as stub, with_claude(program, stub.url) as top:
            stub.scripts = {"*": _steps(count)}
            times = works(top, stub, count)
        results.append(Result(f"message to claude {name}, request to receipt", times, BUDGET_MS, "ms"))
    return results


def _rehearsed(count: int) -> float:
    with repository() as top:
        script = top.parent / "script.yml"
        script.write_text(HEARING + HEARS * (count + 1), encoding="utf-8")
        name = _spawned(top, "--engine", f"rehearsal:{script}")
        try:
            until(lambda: "started rehearsal" in _diary(top))
            times = []
            for number in range(count):
                started = time.perf_counter()
                short = _sent(top, name, f"Message {number}")
                times.append(until(lambda short=short: _received(top, short)) - started)
        finally:
            ccc("stop", "--all", "--grace", "1", cwd=top)
    return median_ms(times)


def _hosted(top: Path, stub: Timed, count: int) -> float:
    name = _spawned(top, "--engine", "claude")
    try:
        return _told(top, stub, name, count)
    finally:
        ccc("stop", "--all", "--grace", "1", cwd=top)


def _by_hand(top: Path, stub: Timed, count: int) -> float:
    made = json.loads(ccc("spawn", "backend", "By hand", "--no-start", "--json", cwd=top))["sessions"][0]
    command = ["claude", "-p", "go on", "--permission-mode", "dontAsk", "--allowedTools", "Bash(python3 *)"]
    nothing = subprocess.DEVNULL
    running = subprocess.Popen(command, cwd=made["worktree"], stdin=nothing, stdout=nothing, stderr=nothing)
    try:
        return _told(top, stub, made["name"], count)
    finally:
        running.kill()
        running.wait(20)


def _told(top: Path, stub: Timed, name: str, count: int) -> float:
    """One message a tool that the agent runs."""
    times = []
    for number in range(count):
        before = len(stub.requests())
        until(lambda before=before: len(stub.requests()) > before or not before)
        words = f"WORDS-{number}-"
        short = _sent(top, name, words)
        received = until(lambda short=short: _received(top, short))
        asked = until(lambda words=words: stub.first(words))
        times.append(max(0.0, received - asked))
    return median_ms(times)


def _steps(count: int) -> list[dict[str, object]]:
    tool = runs_python(f"import time; time.sleep({TOOL_SECONDS})")
    return [{"text": "on it", "tools": [tool]}] * (4 * count + 4)


def _spawned(top: Path, *options: str) -> str:
    found = json.loads(ccc("spawn", "backend", "Listen", *options, "--json", cwd=top))["sessions"][0]
    return str(found["name"])


def _sent(top: Path, name: str, text: str) -> str:
    return ccc("send", name, text, cwd=top).split()[1]


def _diary(top: Path) -> str:
    return run("git", "log", "-n", "6", "--format=%s", "refs/ccc", cwd=top)


def _received(top: Path, short: str) -> float | None:
    """Now, where the receipt is on the ref."""
    return time.perf_counter() if f"delivered message {short} " in _diary(top) else None


def until(seen: Callable[[], float | bool | None]) -> float:
    """Waits until something is there. Raises TimeoutError."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = seen()
        if found:
            return float(found)
        time.sleep(0.002)
    raise TimeoutError("the message, or its receipt, did not come")
