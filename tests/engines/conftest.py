"""Engines under test, each with an agent behind it that does what a test says."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from ccc.demo.stub import Stub
from ccc.engines.claude.engine import Claude
from ccc.engines.protocol import Engine, Task
from ccc.engines.rehearsal.engine import Rehearsal
from tests.engines.harness import Adds, Deed, Runs, Says, Subject, WaitsFor
from tests.support import claude
from tests.support.agents import until
from tests.support.repository import Repo

CONVERSATION = "3b0c9f0e-7a55-4a1d-9c53-2f7f6a3d5b10"
HELD = "until [ -e"
"""How the command of a step that waits begins."""


class Rehearsed:
    """The rehearsal engine with a script written for the test."""

    def __init__(self, script: Path) -> None:
        self._script = script
        self.environment: Mapping[str, str] = {}

    def engine(self) -> Engine:
        return Rehearsal(str(self._script))

    def plays(self, *turns: Sequence[Deed]) -> None:
        self.script(*([_step(deed) for deed in turn] for turn in turns))

    def until_kept(self) -> None:
        """A step is kept before the next one is said."""

    def script(self, *turns: list[dict[str, Any]]) -> None:
        """Turns as lists of steps."""
        document = {"turns": [{"steps": steps} for steps in turns]}
        self._script.write_text(yaml.safe_dump(document), encoding="utf-8")


def _step(deed: Deed) -> dict[str, Any]:
    if isinstance(deed, Says):
        return {"say": deed.text}
    if isinstance(deed, Adds):
        return {"edit": {"path": deed.path, "append": f"{deed.line}\n"}}
    return {"run": f"sh -c {shlex.quote(f'until [ -e {deed.path} ]; do sleep 0.02; done')}"}


class Played:
    """The claude engine: the real program, whose model says what the test says."""

    def __init__(self, stub: Stub, environment: Mapping[str, str]) -> None:
        self._stub = stub
        self.environment = environment

    def engine(self) -> Engine:
        return Claude(str(claude.program()))

    def plays(self, *turns: Sequence[Deed]) -> None:
        self._stub.scripts = {"*": [step for turn in turns for step in _answers(turn)]}

    def until_kept(self) -> None:
        """The program writes its transcript a moment after it has said what it does."""
        folder = Path(self.environment["CLAUDE_CONFIG_DIR"])
        until(lambda: any(HELD in each.read_text() for each in folder.glob("projects/*/*.jsonl")), HELD)


def _answers(turn: Sequence[Deed]) -> list[dict[str, Any]]:
    """One tool an answer; a turn ends with words alone."""
    words = [deed.text for deed in turn if isinstance(deed, Says)]
    steps = [_use(deed) for deed in turn if not isinstance(deed, Says)]
    return [*steps, {"text": " ".join(words) or "done"}]


def _use(deed: Adds | WaitsFor) -> dict[str, Any]:
    if isinstance(deed, Adds):
        command = f"echo {shlex.quote(deed.line)} >>{shlex.quote(deed.path)}"
    else:
        command = f"{HELD} {deed.path} ]; do sleep 0.02; done"
    return {"text": "", "tools": [{"name": "Bash", "input": {"command": command, "description": "a step"}}]}


@pytest.fixture
def played(tmp_path: Path, sealed: Path) -> Iterator[Played]:
    """The claude engine."""
    with Stub({}) as stub:
        found = claude.environment(tmp_path.with_name(f"{tmp_path.name}.claude"), stub.url)
        yield Played(stub, found)


@pytest.fixture
def rehearsed(tmp_path: Path) -> Rehearsed:
    """The rehearsal engine."""
    return Rehearsed(tmp_path / "script.yml")


@pytest.fixture
def task(repo: Repo, tmp_path: Path) -> Task:
    """A conversation in a repository; its folder is that of all runs."""
    return Task(
        session="7f3a2c00000000000000000000000000",
        name="backend-a-part",
        role="backend",
        worktree=repo.path,
        folder=tmp_path / "runs",
        prompt="",
        system="You work on the back end.",
        conversation=CONVERSATION,
        tools=("Bash",),
    )


@pytest.fixture
def rehearsal(rehearsed: Rehearsed, task: Task) -> Runs:
    """Starts processes of the rehearsal engine."""
    return Runs(rehearsed, task)


@pytest.fixture(
    params=[
        pytest.param("rehearsed", id="rehearsal"),
        pytest.param("played", id="claude", marks=pytest.mark.slow),
    ]
)
def subject(request: pytest.FixtureRequest) -> Subject:
    """Each engine that can be spoken to; a parameter is the fixture that makes it."""
    found: Subject = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def runs(subject: Subject, task: Task) -> Runs:
    """Starts processes of the engine under test."""
    return Runs(subject, task)
