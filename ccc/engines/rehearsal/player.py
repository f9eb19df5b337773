"""Plays a script in a worktree: does what an agent would do, and goes wrong where the script says so."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ccc.engines.rehearsal.script import Script, Step
from ccc.errors import CccError

TIME_LIMIT = 120.0
"""Seconds that a command of a step may take."""

DAEMON_SECONDS = 600
CCC = (sys.executable, "-E", "-P", "-m", "ccc")


class Interrupted(Exception):
    """The turn was ended from outside."""


class StepFailed(CccError):
    """A step could not do what the script says."""


class Memory:
    """Which steps are finished, in a file outside the worktree: a resumed conversation goes on after them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            self._known = {"turn": 0, "step": 0, "crashed": []}

    @property
    def place(self) -> tuple[int, int]:
        """The turn and the step that come next."""
        return self._known["turn"], self._known["step"]

    def at(self, turn: int, step: int) -> None:
        """Everything before this place is finished."""
        self._known |= {"turn": turn, "step": step}
        self._save()

    def crashes(self, turn: int, step: int) -> bool:
        """Notes a crash that is about to be; False where it has been before."""
        place = [turn, step]
        if place in self._known["crashed"]:
            return False
        self._known["crashed"].append(place)
        self._save()
        return True

    def _save(self) -> None:
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(self._known), encoding="utf-8")
        fresh.replace(self._path)


class Player:
    """One process: hears lines on stdin, says lines on stdout, works in the current folder."""

    def __init__(self, script: Script, memory: Memory) -> None:
        self._script, self._memory = script, memory
        self._inbox: deque[dict[str, Any]] = deque()
        self._partial = b""
        self._closed = False
        self._used = {"input": 0, "output": 0, "micro_usd": 0}
        self._place = (0, 0)

    def play(self) -> int:
        """Turn after turn until stdin is closed; the exit code."""
        say({"type": "ready"})
        turn, step = self._memory.place
        if step:
            self._hear(0.0)
        while (message := self._next("message")) is not None:
            say({"type": "received", "id": message.get("id", "")})
            say({"type": "turn", "n": turn + 1})
            self._turn(turn, step)
            turn, step = turn + 1, 0
            self._memory.at(turn, step)
        return 0

    def _turn(self, turn: int, first: int) -> None:
        steps = self._script.turns[turn].steps if turn < len(self._script.turns) else ()
        ended: dict[str, Any] = {"type": "turn-ended", "text": "done", "failure": None}
        try:
            for number in range(first, len(steps)):
                self._place = (turn, number)
                self._safe_point()
                self._do(steps[number])
                self._memory.at(turn, number + 1)
        except Interrupted:
            ended |= {"text": "interrupted", "interrupted": True}
        except (CccError, OSError, subprocess.SubprocessError) as error:
            ended |= {"text": str(error), "failure": str(error)}
        say({"type": "used", **self._used})
        say(ended)

    def _safe_point(self) -> None:
        """Between two steps: messages are taken up, an interruption ends the turn."""
        self._hear(0.0)
        waiting, self._inbox = self._inbox, deque()
        for line in waiting:
            if line.get("type") == "interrupt":
                raise Interrupted
            if line.get("type") == "message":
                say({"type": "received", "id": line.get("id", "")})
            else:
                self._inbox.append(line)

    def _do(self, step: Step) -> None:
        """One step, by its key."""
        deed: Callable[[Any], None] = getattr(self, f"_{step.kind}")
        deed(getattr(step, step.kind))

    # --- what an agent does

    def _edit(self, edit: Any) -> None:
        say({"type": "tool", "name": "Edit", "input": edit.path})
        path = Path(edit.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        if edit.content is not None:
            path.write_text(edit.content, encoding="utf-8")
            return
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        if edit.append is not None:
            text = text if text.endswith(edit.append) else text + edit.append
        elif edit.by is not None and edit.by not in text:
            if edit.replace not in text:
                raise StepFailed(f"{edit.path} does not contain {edit.replace!r}")
            text = text.replace(edit.replace, edit.by, 1)
        path.write_text(text, encoding="utf-8")

    def _run(self, run: Any) -> None:
        self._execute(run.command, run.expect)

    def _commit(self, commit: Any) -> None:
        self._execute(("git", "add", "--all"))
        changed = subprocess.run(["git", "diff", "--cached", "--quiet"], timeout=TIME_LIMIT, check=False)
        merging = subprocess.run(
            ["git", "rev-parse", "--quiet", "--verify", "MERGE_HEAD"], stdout=subprocess.DEVNULL, check=False
        )
        if changed.returncode == 0 and merging.returncode != 0:
            return
        trailers = {"Ccc-Progress": commit.progress, "Ccc-Status": commit.status}
        said = "\n".join(f"{key}: {value}" for key, value in trailers.items() if value is not None)
        words = [f"--message={commit.message}", *([f"--message={said}"] if said else [])]
        self._execute(("git", "commit", "--quiet", *words))

    def _report(self, report: Any) -> None:
        words = ["--done"] if report.done else []
        words += ["--summary", report.summary] if report.summary else []
        words += ["--progress", str(report.progress)] if report.progress is not None else []
        words += ["--blocked", report.blocked] if report.blocked else []
        self._execute((*CCC, "report", *words))

    def _ask(self, ask: Any) -> None:
        choices = [word for choice in ask.choices for word in ("--choice", choice)]
        self._execute((*CCC, "ask", ask.text, *choices))
        self._wait_for_message()

    def _note(self, note: Any) -> None:
        self._execute((*CCC, "note", "--kind", note.kind, note.text))

    def _say(self, text: Any) -> None:
        say({"type": "says", "text": text})

    def _deny(self, deny: Any) -> None:
        say({"type": "denied", "tool": deny.tool, "what": deny.what})

    def _request(self, wish: Any) -> None:
        identifier = f"{self._place[0]}.{self._place[1]}"
        say(
            {
                "type": "asks",
                "id": identifier,
                "kind": wish.kind,
                "text": wish.text,
                "choices": list(wish.choices),
            }
        )
        answer = self._next("answer")
        say({"type": "settled", "id": identifier})
        say({"type": "says", "text": f"answered: {'' if answer is None else answer.get('text')}"})

    def _wait(self, wait: Any) -> None:
        until = time.monotonic() + wait.seconds
        while time.monotonic() < until:
            self._hear(min(0.2, max(0.0, until - time.monotonic())))
            if any(line.get("type") == "interrupt" for line in self._inbox):
                raise Interrupted
        if wait.message:
            self._wait_for_message()
        while wait.file is not None and not Path(wait.file).exists():
            self._hear(0.05)

    def _wait_for_message(self) -> None:
        message = self._next("message")
        if message is not None:
            say({"type": "received", "id": message.get("id", "")})

    def _tasks(self, count: Any) -> None:
        say({"type": "tasks", "count": count})

    def _use(self, use: Any) -> None:
        self._used["input"] += use.input
        self._used["output"] += use.output
        self._used["micro_usd"] += round(use.usd * 1_000_000)
        say({"type": "used", **self._used})

    def _limit(self, limit: Any) -> None:
        say({"type": "limited", "until": limit.until})
        self._hear(limit.seconds)
        say({"type": "says", "text": "the limit is over"})

    # --- what goes wrong

    def _crash(self, crash: Any) -> None:
        if not self._memory.crashes(*self._place) and not crash.always:
            return
        if crash.signal is not None:
            os.kill(os.getpid(), getattr(signal, f"SIG{crash.signal}"))
        os._exit(1 if crash.exit is None else crash.exit)

    def _hang(self, _: Any) -> None:
        while True:
            signal.pause()

    def _flood(self, flood: Any) -> None:
        size = int(flood.megabytes * 1_000_000)
        length = size if flood.one else flood.line
        for _ in range(max(1, size // length)):
            _write(b"#" * (length - 1) + b"\n")

    def _garble(self, _: Any) -> None:
        _write(b'\xff\xfe broken \x00\n{"type": "says", \n[1, 2]\n')

    def _daemon(self, _: Any) -> None:
        """Leaves a child in a session of its own, and a daemon that forked twice."""
        nothing = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        nap = ["sleep", str(DAEMON_SECONDS)]
        subprocess.Popen(nap, start_new_session=True, **nothing)  # type: ignore[call-overload]  # same values
        subprocess.run(["sh", "-c", f"(setsid {' '.join(nap)} &)"], check=True, **nothing)  # type: ignore[call-overload]

    def _fail(self, why: Any) -> None:
        raise StepFailed(why)

    # --- words

    def _execute(self, words: tuple[str, ...], expect: tuple[int, ...] = (0,)) -> None:
        shown = ["git", "ccc", *words[len(CCC) :]] if words[: len(CCC)] == CCC else list(words)
        say({"type": "tool", "name": "Bash", "input": " ".join(shown)})
        done = subprocess.run(
            list(words), stdin=subprocess.DEVNULL, capture_output=True, timeout=TIME_LIMIT, check=False
        )
        if done.returncode not in expect:
            tail = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()
            raise StepFailed(f"{' '.join(shown)} ended with {done.returncode}: {tail[-1] if tail else ''}")

    def _next(self, kind: str) -> Mapping[str, Any] | None:
        """The next line of a kind, waited for; None when stdin is closed."""
        while True:
            for line in self._inbox:
                if line.get("type") == "interrupt" and kind != "message":
                    self._inbox.remove(line)
                    raise Interrupted
                if line.get("type") == kind:
                    self._inbox.remove(line)
                    return line
            if self._closed:
                return None
            self._hear(60.0)

    def _hear(self, seconds: float) -> None:
        """Reads what comes on stdin within a time."""
        if self._closed:
            time.sleep(seconds)
            return
        if not select.select([0], [], [], seconds)[0]:
            return
        data = os.read(0, 65536)
        self._closed = not data
        *lines, self._partial = (self._partial + data).split(b"\n")
        self._inbox.extend(json.loads(line) for line in lines if line.strip())


def say(document: Mapping[str, Any]) -> None:
    """One line on stdout."""
    _write(json.dumps(document, ensure_ascii=True).encode("ascii") + b"\n")


def _write(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]
