"""A repository prepared for ccc, people and agents who act in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.program import RunsCcc
from tests.support.repository import Repo

AGENT = {"CLAUDECODE": "1"}
"""What makes a call come from inside an agent."""


@dataclass(frozen=True)
class Session:
    """A session worked by hand, in its worktree."""

    name: str
    id: str
    tree: Repo


Spawns = Callable[..., Session]


@pytest.fixture
def ready(repo: Repo, ccc_inline: RunsCcc) -> Repo:
    """The repository after `init`."""
    ccc_inline("init", exit=0)
    return repo


@pytest.fixture
def spawn(ready: Repo, ccc_inline: RunsCcc) -> Spawns:
    """Spawns a session worked by hand."""

    def make(task: str, role: str = "backend") -> Session:
        made = ccc_inline("spawn", role, task, "--no-start", "--json", exit=0).json["sessions"][0]
        return Session(made["name"], made["id"], Repo(Path(made["worktree"])))

    return make
