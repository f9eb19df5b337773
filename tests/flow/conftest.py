"""A repository prepared for ccc, with a session to work in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.program import RunsCcc
from tests.support.repository import Repo


@dataclass(frozen=True)
class Worked:
    """A session in its worktree."""

    name: str
    id: str
    tree: Repo

    @property
    def path(self) -> Path:
        return self.tree.path


Spawns = Callable[..., Worked]


@pytest.fixture
def ready(repo: Repo, ccc: RunsCcc) -> Repo:
    """The repository after `init`."""
    ccc("init", exit=0)
    return repo


@pytest.fixture
def spawn(ready: Repo, ccc: RunsCcc) -> Spawns:
    """Spawns a session worked by hand."""

    def make(role: str, task: str, *options: str) -> Worked:
        made = ccc("spawn", role, task, "--no-start", "--json", *options, exit=0).json["sessions"][0]
        return Worked(made["name"], made["id"], Repo(Path(made["worktree"])))

    return make


@pytest.fixture
def diary(ready: Repo) -> Callable[[], list[str]]:
    """The subjects on refs/ccc, oldest first."""
    return lambda: ready.git("log", "--reverse", "--format=%s", "refs/ccc").splitlines()
