"""Sessions whose engines have written something down, without any engine."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from ccc.domain.sessions import Session
from ccc.ops.init import init
from ccc.ops.spawn import Request, spawn
from ccc.ops.workspace import Workspace
from ccc.runs.files import RunFiles, SessionFiles
from tests.support.environment import sealed_environment
from tests.support.repository import Repo, copy_repository

DATA = Path(__file__).parent / "data"
"""Recorded from the real program (2.1.329): transcript, that of its sub-agent, and its stream."""

CONVERSATION = "11111111-2222-4333-8444-555555555555"


@dataclass
class Place:
    """An initialised repository with one session, and where claude would keep its files."""

    repo: Repo
    session: Session
    configuration: Path

    @property
    def workspace(self) -> Workspace:
        """A fresh look, as another process would have."""
        return Workspace.open(self.repo.path, os.environ)

    @property
    def name(self) -> str:
        return self.session.name

    def run(self, number: int, engine: str, *, conversation: str = CONVERSATION) -> RunFiles:
        """A run that was ordered; its files, to write into."""
        files = SessionFiles.of(self.workspace.layout, self.session.id).run(number)
        files.root.mkdir(parents=True)
        order = {"engine": engine, "conversation": conversation, "worktree": self.session.worktree}
        files.order.write_text(json.dumps(order), encoding="utf-8")
        return files

    def transcript(self, *, conversation: str = CONVERSATION, sub_agents: bool = True) -> Path:
        """The recorded transcript, in a folder that does not follow from the worktree's path."""
        folder = self.configuration / "projects" / "-repo"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{conversation}.jsonl"
        shutil.copyfile(DATA / "transcript.jsonl", path)
        if sub_agents:
            beside = folder / conversation / "subagents"
            beside.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(DATA / "sub-agent.jsonl", beside / "agent-a67d16da198bd9003.jsonl")
        return path


@dataclass(frozen=True)
class Template:
    """A repository with a session of claude's, never started, and one worked by hand, to be copied."""

    path: Path
    claude: Session
    by_hand: Session


def make(repo: Path, task: str, engine: str | None) -> Session:
    """A session, recorded with an engine that was never started."""
    return spawn(Workspace.open(repo, os.environ), Request("backend", task, engine=engine))[0].session


@pytest.fixture(scope="session")
def template(repo_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Made once: a copy of it serves whoever does not work in the worktrees, which are not copied."""
    root = tmp_path_factory.mktemp("output")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in sealed_environment(root / "sealed").items():
            patch.setenv(name, value)
        repo = copy_repository(repo_template, root / "repo").path
        init(Workspace.open(repo, os.environ), files=False)
        return Template(repo, make(repo, "Add a login", "claude"), make(repo, "By hand", None))


@pytest.fixture
def place(template: Template, tmp_path: Path, sealed: Path) -> Place:
    """A session of claude's."""
    return Place(copy_repository(template.path, tmp_path / "repo"), template.claude, sealed / ".claude")


@pytest.fixture
def idle_hands(template: Template, tmp_path: Path, sealed: Path) -> Place:
    """A session worked by hand, without its worktree."""
    return Place(copy_repository(template.path, tmp_path / "repo"), template.by_hand, sealed / ".claude")


@pytest.fixture
def by_hand(repo: Repo, sealed: Path) -> Place:
    """A session worked by hand, with its worktree."""
    init(Workspace.open(repo.path, os.environ), files=False)
    return Place(repo, make(repo.path, "By hand", None), sealed / ".claude")
