"""Runs ccc for tests: as a real process, or inside this one."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tests.support.warm import PROJECT as PROJECT
from tests.support.warm import Ended, Warm

TIME_LIMIT = 60


@dataclass(frozen=True)
class Outcome:
    """How a call of ccc ended: exit code, standard output, standard error."""

    args: tuple[str, ...]
    exit: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """Standard output as the one JSON document it must be."""
        return json.loads(self.stdout)

    @property
    def json_lines(self) -> list[Any]:
        """Standard output as JSON Lines."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    def expect(self, exit: int) -> Outcome:
        """Itself when it ended with this code, else an AssertionError that shows all of it."""
        assert self.exit == exit, (
            f"ccc {' '.join(self.args)} ended with {self.exit}, not {exit}\n{self.stdout}{self.stderr}"
        )
        return self


class RunsCcc(Protocol):
    """The shape of the fixtures `ccc` (a process) and `ccc_inline` (a function call)."""

    def __call__(
        self,
        *arguments: str,
        cwd: Path | None = None,
        stdin: str = "",
        env: Mapping[str, str] | None = None,
        exit: int | None = None,
    ) -> Outcome:
        """Runs `ccc <arguments>` in `cwd`; with `exit`, fails unless it ends with that code."""
        ...


@dataclass(frozen=True)
class Program:
    """Runs ccc as a process of its own, as a user would; with `warm`, one that has imported it already."""

    directory: Path
    warm: Warm | None = None

    def __call__(
        self,
        *arguments: str,
        cwd: Path | None = None,
        stdin: str = "",
        env: Mapping[str, str] | None = None,
        exit: int | None = None,
    ) -> Outcome:
        folder, environment = cwd or self.directory, {**os.environ, "PYTHONPATH": str(PROJECT), **(env or {})}
        if self.warm is not None and self.warm.fits(env or {}):
            ended = self.warm.run(arguments, folder, environment, stdin, TIME_LIMIT)
        else:
            ended = _started(arguments, folder, environment, stdin)
        outcome = Outcome(arguments, ended.code, ended.stdout, ended.stderr)
        return outcome if exit is None else outcome.expect(exit)


def _started(arguments: Sequence[str], cwd: Path, environment: Mapping[str, str], stdin: str) -> Ended:
    done = subprocess.run(
        [sys.executable, "-m", "ccc", *arguments],
        cwd=cwd,
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        timeout=TIME_LIMIT,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True)
class Inline:
    """Runs `main(argv)` in this process, much quicker; output is no terminal, as in a pipe."""

    directory: Path

    def __call__(
        self,
        *arguments: str,
        cwd: Path | None = None,
        stdin: str = "",
        env: Mapping[str, str] | None = None,
        exit: int | None = None,
    ) -> Outcome:
        from ccc.cli.main import main  # late: click is not needed by tests of the layers below

        output, words = _stream(), _stream()
        surroundings = (_variables(env or {}), _standard_input(stdin))
        streams = (contextlib.redirect_stdout(output), contextlib.redirect_stderr(words))
        with contextlib.ExitStack() as stack:
            for context in (*surroundings, *streams):
                stack.enter_context(context)
            code = main(["-C", str(cwd or self.directory), *arguments])
        outcome = Outcome(arguments, code, _text(output), _text(words))
        return outcome if exit is None else outcome.expect(exit)


def _stream(text: str = "") -> io.TextIOWrapper:
    """A text stream with a `buffer`, like the process's own."""
    raw = io.BytesIO(text.encode("utf-8", "surrogateescape"))
    return io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", write_through=True)


def _text(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


@contextlib.contextmanager
def _variables(changes: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(changes)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def _standard_input(text: str) -> Iterator[None]:
    before, sys.stdin = sys.stdin, _stream(text)
    try:
        yield
    finally:
        sys.stdin = before


def in_fresh_python(code: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Runs code of a test in a Python that has loaded nothing yet; it must end with 0."""
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=TIME_LIMIT,
    )
