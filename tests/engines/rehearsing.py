"""What tests of the rehearsal engine share: a play of some steps, and where its memory lies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ccc.engines.protocol import Busy, Task, TurnEnded
from tests.engines.conftest import Rehearsed
from tests.engines.harness import Process, Runs

Steps = list[dict[str, Any]]
FIRST = "1" * 32


def memory_of(task: Task) -> Path:
    return task.folder / f"rehearsal-{task.conversation}.json"


def played(runs: Runs, rehearsed: Rehearsed, *steps: dict[str, Any], number: int = 1) -> Process:
    """A turn of these steps, from its prompt to its end."""
    rehearsed.script(list(steps))
    with runs.start(number) as process:
        process.until(TurnEnded)
        assert process.finish() == 0
    return process


def says(process: Process, text: str) -> None:
    process.until(Busy, lambda busy: busy.what == text)
