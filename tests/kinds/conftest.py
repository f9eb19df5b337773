"""What tests of kinds of repositories share: a session to work in, made by the real commands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kinds.days import Place
from tests.support.program import RunsCcc
from tests.support.repository import Repo

Spawns = Callable[..., Repo]


@pytest.fixture
def spawned(ccc_inline: RunsCcc) -> Spawns:
    """Makes a session worked by hand in a place, and gives its worktree; runs `init` first."""

    def make(place: Place, task: str = "A part", *options: str) -> Repo:
        place.run(ccc_inline, "init")
        made = place.run(ccc_inline, "spawn", "backend", task, "--no-start", "--json", *options).json
        return Repo(Path(made["sessions"][0]["worktree"]))

    return make
