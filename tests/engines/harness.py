"""Drives one process of an engine as the session host does, every wait bounded."""

from __future__ import annotations

import os
import select
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeVar

from ccc.engines.protocol import Engine, Garbled, Sign, Task
from ccc.host.agent import LONGEST, Lines
from ccc.platform import processes, trees

PATIENCE = 30.0
"""Seconds that something may take on a loaded machine before a test gives up."""

MARKER = "CCC_RUN"
Found = TypeVar("Found", bound=Sign)


@dataclass(frozen=True)
class Says:
    """The agent says something."""

    text: str


@dataclass(frozen=True)
class Adds:
    """The agent adds a line to a file of the worktree."""

    path: str
    line: str


@dataclass(frozen=True)
class WaitsFor:
    """The agent uses a tool that lasts until a file exists."""

    path: Path


Deed = Says | Adds | WaitsFor


class Subject(Protocol):
    """An engine under test, behind it an agent that does what a test says."""

    environment: Mapping[str, str]

    def engine(self) -> Engine:
        """A fresh one, for one process."""

    def plays(self, *turns: Sequence[Deed]) -> None:
        """What the agent will do: the first turn answers the prompt, each later one the next message."""

    def until_kept(self) -> None:
        """Waits until its engine has kept what was done up to the step that is held."""


class Process:
    """One process of an engine: started and greeted; `signs` is everything that was read up to now."""

    def __init__(self, subject: Subject, task: Task) -> None:
        self.engine, self.task = subject.engine(), task
        self.signs: list[Sign] = []
        task.folder.mkdir(parents=True, exist_ok=True)
        self._marker = f"{uuid.uuid4().hex}.1"  # by it processes are ended: nobody else may have the same
        self._errors = task.folder / "errors.log"
        launch = self.engine.launch(task)
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                launch.argv,
                cwd=task.worktree,
                env={**os.environ, **subject.environment, **launch.environment, MARKER: self._marker},
                stdin=subprocess.PIPE if launch.talks else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        assert self._process.stdout is not None
        self._output = self._process.stdout.fileno()
        self._lines, self._open = Lines(LONGEST), True
        self.write(self.engine.greeting(task))

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.tree.end(0.0, spare=(self.pid,))
        self._process.wait(PATIENCE)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None and not stream.closed:
                stream.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def tree(self) -> trees.Tree:
        """Everything that it started."""
        return trees.Tree(processes.identity(self.pid), (MARKER, self._marker))

    @property
    def words(self) -> str:
        """What it wrote to stderr."""
        return self._errors.read_text(encoding="utf-8", errors="replace")

    def write(self, data: bytes) -> None:
        """Bytes for its stdin."""
        if data:
            assert self._process.stdin is not None
            self._process.stdin.write(data)
            self._process.stdin.flush()

    def inject(self, *lines: bytes) -> list[Sign]:
        """Lines that the engine finds in the stream now; what it makes of them."""
        found = [sign for line in lines for sign in self.engine.read(line)]
        self.signs += found
        return found

    def until(self, wanted: type[Found], which: Callable[[Found], bool] = lambda _: True) -> Found:
        """Reads until a sign of a kind comes that was not there before this call."""
        end, seen = time.monotonic() + PATIENCE, len(self.signs)
        while True:
            for place in range(seen, len(self.signs)):
                sign = self.signs[place]
                if isinstance(sign, wanted) and which(sign):
                    self._unread(place + 1)
                    return sign
            seen = len(self.signs)
            assert self._open or self._ahead, f"{wanted.__name__} never came: {self.signs}; {self.words}"
            self._read(end, wanted.__name__)

    def finish(self) -> int:
        """Closes its stdin and reads to the end; the exit code."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        end = time.monotonic() + PATIENCE
        self._take_up()
        while self._open:
            self._read(end, "the end")
        return self._process.wait(max(0.0, end - time.monotonic()))

    def hang_up(self) -> None:
        """Reads no more of what it says."""
        assert self._process.stdout is not None
        self._process.stdout.close()

    def exit(self) -> int:
        """Waits for its end; the exit code."""
        return self._process.wait(PATIENCE)

    def kill(self) -> None:
        """kill -9, and the end of what it leaves behind."""
        self._process.kill()
        self._process.wait(PATIENCE)
        self.tree.end(0.0)

    # --- signs read ahead of what a test has waited for

    _ahead: Sequence[Sign] = ()

    def _unread(self, place: int) -> None:
        self._ahead, self.signs = self.signs[place:], self.signs[:place]

    def _take_up(self) -> None:
        self.signs += self._ahead
        self._ahead = ()

    def _read(self, end: float, what: str) -> None:
        if self._ahead:
            self._take_up()
            return
        ready = select.select([self._output], [], [], max(0.0, end - time.monotonic()))[0]
        assert ready, f"{what} did not come in {PATIENCE:g} s: {self.signs}; {self.words}"
        data = os.read(self._output, 65536)
        self._open = bool(data)
        for line in self._lines.feed(data):
            if line.strip():
                self.signs += self.engine.read(line)


@dataclass(frozen=True)
class Runs:
    """Starts processes of a subject for one conversation in one worktree."""

    subject: Subject
    task: Task

    def start(self, number: int = 1, *, prompt: str = "Begin.", resumes: bool = False) -> Process:
        """One run."""
        folder = self.task.folder / str(number)
        return Process(self.subject, replace(self.task, folder=folder, prompt=prompt, resumes=resumes))


def without(signs: Sequence[Sign], *kinds: type) -> list[Sign]:
    """All but the signs of some kinds."""
    return [sign for sign in signs if not isinstance(sign, kinds)]


def garbled(signs: Sequence[Sign]) -> int:
    """How many lines could not be read."""
    return sum(isinstance(sign, Garbled) for sign in signs)
