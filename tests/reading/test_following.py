"""Commands that go on until they are interrupted, and the drain that status starts."""

from __future__ import annotations

import io
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ccc.cli.preferences import GitPreferences
from ccc.cli.terminal import Terminal
from ccc.layout import Layout
from ccc.ops.background import is_due
from ccc.ops.look import look
from ccc.ops.workspace import Workspace
from ccc.store.lock import locked
from tests.flow.conftest import Spawns
from tests.support.program import PROJECT, RunsCcc
from tests.support.repository import Repo
from tests.support.settling import settle
from tests.views import shapes

pytestmark = pytest.mark.slow

PATIENCE = 30.0


class Running:
    """A ccc command that goes on; its lines as they come."""

    def __init__(self, repo: Repo, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ccc", *arguments],
            cwd=repo.path,
            env={**os.environ, "PYTHONPATH": str(PROJECT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._rest = b""

    def line(self) -> str:
        """The next line, within the time limit."""
        assert self.process.stdout is not None
        until = time.monotonic() + PATIENCE
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._rest:
                assert selector.select(until - time.monotonic()), "no further line"
                more = os.read(self.process.stdout.fileno(), 65536)
                assert more, self.process.communicate()
                self._rest += more
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode()

    def document(self) -> Any:
        """The next line as JSON."""
        return json.loads(self.line())

    def interrupt(self) -> int:
        """Sends what Ctrl-C sends; the exit code."""
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=PATIENCE)
        return self.process.returncode


Starts = Callable[..., Running]


@pytest.fixture
def start(ready: Repo) -> Iterator[Starts]:
    """Starts commands that end with the test."""
    started: list[Running] = []

    def begin(*arguments: str) -> Running:
        started.append(Running(ready, *arguments))
        return started[-1]

    yield begin
    for running in started:
        running.process.kill()
        running.process.communicate()


def test_a_followed_diary_goes_on_oldest_first(ready: Repo, spawn: Spawns, start: Starts) -> None:
    spawn("backend", "One")
    following = start("log", "-f")
    assert following.line().endswith(" ccc: initialised")
    assert " backend-one: spawned on " in following.line()
    spawn("backend", "Two")
    assert " backend-two: spawned on " in following.line()
    assert following.interrupt() == 130


def test_a_followed_diary_as_json_lines(ready: Repo, spawn: Spawns, start: Starts) -> None:
    session = spawn("backend", "One")
    following = start("log", "-f", "--json", "-n", "1", "--type", "session")
    first = following.document()
    assert shapes.faults(first, {**shapes.DOCUMENT, **shapes.EVENT, "cursor": shapes.OID}) == []
    assert (first["type"], first["session"]) == ("session.spawned", session.id)
    spawn("backend", "Two")
    assert following.document()["subject"] == "backend-two"


def test_a_followed_audit_stays_an_audit(ready: Repo, spawn: Spawns, ccc: RunsCcc, start: Starts) -> None:
    session = spawn("backend", "One")
    following = start("log", session.name, "-f", "--audit")
    assert "spawned on" in following.line()
    session.tree.commit("Done\n\nCcc-Status: done", one="1")
    ccc("wait", "--timeout", "60", exit=0)
    ccc("approve", session.name, exit=0)
    assert "unchecked" in following.line()
    assert "approved backend-one" in following.line()


def test_a_watched_status_is_json_lines_and_ends_when_interrupted(
    ready: Repo, spawn: Spawns, start: Starts
) -> None:
    spawn("backend", "One")
    watching = start("status", "-w", "--json")
    for _ in range(2):
        document = watching.document()
        assert shapes.faults(document, shapes.STATUS) == []
    spawn("backend", "Two")
    until = time.monotonic() + PATIENCE
    while watching.document()["counts"] != {"created": 2}:
        assert time.monotonic() < until
    assert watching.interrupt() == 130


def test_status_has_what_no_hook_saw_recorded_and_checked(ready: Repo, spawn: Spawns, ccc: RunsCcc) -> None:
    session = spawn("backend", "One")
    session.tree.git(
        *("-c", "core.hooksPath=/dev/null", "commit", "--quiet", "--allow-empty"),
        "--message=Unseen\n\nCcc-Status: done",
    )
    before = ready.oid("refs/ccc")
    told = ccc("status", "--json", exit=0).json
    assert [each["status"] for each in told["sessions"]] == ["reported"]
    subjects = ""
    until = time.monotonic() + PATIENCE
    while "unchecked" not in subjects:
        assert time.monotonic() < until, subjects
        subjects = ready.git("log", "--format=%s", f"{before}..refs/ccc")
        time.sleep(0.05)
    assert "backend-one: committed" in subjects


def test_the_drain_is_due_only_when_something_waits_and_nobody_is_at_it(ready: Repo, spawn: Spawns) -> None:
    session = spawn("backend", "One")
    settle(ready)
    assert not due(ready)
    session.tree.git(
        "-c", "core.hooksPath=/dev/null", "commit", "--quiet", "--allow-empty", "--message=Unseen"
    )
    assert due(ready)
    layout = Layout(ready.common)
    for lock in (layout.root / "drain.lock", layout.worker_lock):
        with locked(lock):
            assert not due(ready)
        assert due(ready)


def due(repo: Repo) -> bool:
    workspace = Workspace.open(repo.path, os.environ)
    try:
        return is_due(workspace, look(workspace))
    finally:
        workspace.reader.close()


class Tty(io.StringIO):
    """A terminal to write to."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("line", "lines"), [(True, 1), (False, 4)])
def test_a_stream_has_one_document_a_line_even_at_a_terminal(tmp_path: Path, line: bool, lines: int) -> None:
    output = Tty()
    terminal = Terminal(output, io.StringIO(), io.StringIO(), GitPreferences(tmp_path))
    terminal.json({"format": 1, "tip": None}, line=line)
    assert len(output.getvalue().splitlines()) == lines
