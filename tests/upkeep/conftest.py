"""Fixtures of the upkeep commands: an initialised repository and sessions worked by plain git."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from ccc.domain.sessions import Session
from ccc.ops.find import find
from ccc.ops.init import init
from ccc.ops.landing.approve import approve
from ccc.ops.landing.land import Landing, land
from ccc.ops.landing.review import review
from ccc.ops.observe import all_sessions
from ccc.ops.spawn import Request, spawn
from ccc.ops.workspace import Workspace
from ccc.store.crashpoints import VARIABLE
from tests.support.program import PROJECT
from tests.support.repository import Repo


@dataclass
class Place:
    """An initialised repository."""

    repo: Repo

    @property
    def workspace(self) -> Workspace:
        """A fresh look, as another process would have."""
        return Workspace.open(self.repo.path, os.environ)

    def spawn(self, task: str = "JWT auth", role: str = "backend") -> Session:
        return spawn(self.workspace, Request(role, task))[0].session

    def session(self, name: str) -> Session:
        workspace = self.workspace
        workspace.store.drain()
        return find(name, all_sessions(workspace.store.state()))

    def tree(self, session: Session) -> Repo:
        """The session's worktree, to work in."""
        assert session.worktree is not None
        return Repo(Path(session.worktree))

    def land(self, session: Session) -> Landing:
        """Approves and lands what is on the session's branch."""
        workspace = self.workspace
        workspace.store.drain()
        approve(workspace, review(workspace, session.id), override="the test says so")
        return land(workspace, review(workspace, session.id))

    def subjects(self) -> list[str]:
        """The diary, oldest first, without the first two lines."""
        return self.repo.git("log", "--reverse", "--format=%s", "refs/ccc").split("\n")[2:]

    def killed_at(self, point: str, *arguments: str) -> None:
        """Runs a command as a process that is killed at a point of `reached`."""
        done = subprocess.run(
            [sys.executable, "-m", "ccc", *arguments],
            cwd=self.repo.path,
            env={**os.environ, "PYTHONPATH": str(PROJECT), VARIABLE: point},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == -9, f"{point} was not reached: {done.stdout}{done.stderr}"


@pytest.fixture
def place(repo: Repo) -> Place:
    init(Workspace.open(repo.path, os.environ), files=False)
    return Place(repo)


@pytest.fixture
def by_hand(place: Place) -> Repo:
    """A worktree that a person made, one commit ahead, with uncommitted work of several kinds."""
    path = place.repo.path.parent / "login"
    place.repo.git("worktree", "add", "-q", "-b", "feature/login", str(path))
    tree = Repo(path)
    tree.commit("Add login", {"src/login.py": "one\n"})
    tree.write("src/login.py", "staged\n")
    tree.git("add", "src/login.py")
    tree.write("src/login.py", "staged, then changed\n")
    tree.write("idea.txt", "untracked\n")
    tree.write("debug.log", "ignored\n")
    return tree


def content_of(top: Path) -> dict[bytes, tuple[str, bytes]]:
    """Every file and link below a folder but `.git`: kind and bytes, by name in bytes."""
    found = {}
    for path in top.rglob("*"):
        name = os.fsencode(path.relative_to(top))
        if name == b".git" or name.startswith(b".git/"):
            continue
        if path.is_symlink():
            found[name] = ("link", os.fsencode(path.readlink()))
        elif path.is_file():
            found[name] = ("program" if os.access(path, os.X_OK) else "file", path.read_bytes())
    return found


def status_of(repo: Repo) -> str:
    """What git says of a worktree, staged and not, untracked files each."""
    return repo.git("status", "--porcelain", "-z", "--untracked-files=all", "--branch")
