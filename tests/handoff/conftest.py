"""A repository with sessions that a person works by hand."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from ccc.domain.sessions import Session
from ccc.ops.init import init
from ccc.ops.note import note
from ccc.ops.spawn import Request, spawn
from ccc.ops.workspace import Workspace
from tests.support.repository import Repo


@dataclass
class Day:
    """One repository, and what a person does in it."""

    repo: Repo

    def workspace(self, directory: Path | None = None, **environment: str) -> Workspace:
        """The workspace of a call made now."""
        return Workspace.open(directory or self.repo.path, {**os.environ, **environment})

    def spawn(self, role: str, task: str) -> Session:
        """A session worked by hand."""
        return spawn(self.workspace(), Request(role, task))[0].session

    def commit(self, session: Session, message: str, files: dict[str, str]) -> str:
        """A commit in a session's worktree, recorded on refs/ccc."""
        oid = Repo(Path(session.worktree or "")).commit(message, files)
        self.drain()
        return oid

    def drain(self) -> None:
        """Records everything that waits."""
        self.workspace().store.drain()

    def note(self, text: str, kind: str = "note", why: str | None = None, session: str | None = None) -> str:
        """A note of the person."""
        return note(self.workspace(), kind=kind, text=text, why=why, session=session)

    def subjects(self) -> list[str]:
        """The diary, youngest first."""
        return self.repo.git("log", "--format=%s", "refs/ccc").split("\n")


@pytest.fixture
def day(repo: Repo) -> Day:
    """The repository, initialised."""
    found = Day(repo)
    init(found.workspace(), files=False)
    return found
