"""A repository with a gate, and sessions that are done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.program import RunsCcc
from tests.support.repository import Repo


@dataclass(frozen=True)
class Done:
    """A session whose work is committed and reported done."""

    name: str
    id: str
    tree: Repo


Finish = Callable[..., Done]


@dataclass(frozen=True)
class Gated:
    """The repository, and a file outside it to which its gate commands add a word each time they run."""

    repo: Repo
    runs: Path

    def configure(self, text: str) -> None:
        """Commits the target's configuration; `$RUNS` stands for the file."""
        self.repo.commit("Gate", {".ccc/config.toml": text.replace("$RUNS", str(self.runs))})

    def ran(self) -> list[str]:
        """What the commands added so far."""
        return self.runs.read_text().split() if self.runs.exists() else []


@pytest.fixture
def gated(repo: Repo, ccc: RunsCcc, tmp_path: Path) -> Gated:
    """The repository after `init`."""
    ccc("init", exit=0)
    return Gated(repo, tmp_path / "runs")


@pytest.fixture
def finish(gated: Gated, ccc: RunsCcc) -> Finish:
    """Makes a session, commits files (path to text) with its report, and gives it."""

    def make(role: str, task: str, files: dict[str, str], trailers: str = "") -> Done:
        made = ccc("spawn", role, task, "--no-start", "--json", exit=0).json["sessions"][0]
        tree = Repo(Path(made["worktree"]))
        tree.commit(f"{task}\n\nCcc-Status: done{trailers}", files)
        return Done(made["name"], made["id"], tree)

    return make
