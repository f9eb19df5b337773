"""Sessions worked by hand that talk, and people who talk to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.program import Outcome, RunsCcc
from tests.support.repository import Repo
from tests.views import shapes

Items = list[dict[str, Any]]


@dataclass(frozen=True)
class Session:
    """A session in its worktree; calling it runs ccc there, as whoever works in it would."""

    name: str
    id: str
    tree: Repo
    run: RunsCcc

    def __call__(self, *arguments: str, exit: int | None = 0, stdin: str = "") -> Outcome:
        return self.run(*arguments, cwd=self.tree.path, exit=exit, stdin=stdin)


Spawns = Callable[..., Session]


@pytest.fixture
def ready(repo: Repo, ccc_inline: RunsCcc) -> Repo:
    """The repository after `init`."""
    ccc_inline("init", exit=0)
    return repo


@pytest.fixture
def spawn(ready: Repo, ccc_inline: RunsCcc) -> Spawns:
    """Spawns a session worked by hand; `by` is the session that spawns it."""

    def make(task: str, role: str = "backend", by: Session | None = None) -> Session:
        run = by or ccc_inline
        made = run("spawn", role, task, "--no-start", "--json", exit=0).json["sessions"][0]
        return Session(made["name"], made["id"], Repo(Path(made["worktree"])), ccc_inline)

    return make


@pytest.fixture
def diary(ready: Repo) -> Callable[[], list[str]]:
    """The subjects on refs/ccc, oldest first."""
    return lambda: ready.git("log", "--reverse", "--format=%s", "refs/ccc").splitlines()


def items(outcome: Outcome) -> Items:
    """The items of an inbox."""
    document = outcome.json
    assert shapes.faults(document, shapes.INBOX) == []
    found: Items = document["items"]
    return found
