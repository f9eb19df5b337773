"""The real `claude` program against the stub, without network, in an environment of its own."""

from __future__ import annotations

import shutil
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ccc.demo.stub import Stub
from tests.claude.speaking import WORKS, Speaking, Speaks
from tests.support import claude
from tests.support.agents import Agent
from tests.support.environment import sealed_environment
from tests.support.program import RunsCcc
from tests.support.repository import Repo, copy_repository, make_template


@pytest.fixture
def stub(tmp_path: Path) -> Iterator[Stub]:
    """A running stub; a test sets its `scripts`. Where possible, nothing but loopback is there beside it."""
    with claude.without_network(), Stub({}, tmp_path.with_name(f"{tmp_path.name}.stub")) as running:
        yield running


@pytest.fixture
def claude_env(stub: Stub, tmp_path: Path, sealed: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of every program that the test starts; also this process's."""
    found = claude.environment(tmp_path.with_name(f"{tmp_path.name}.claude"), stub.url)
    claude.surround(monkeypatch, found)
    return found


@pytest.fixture
def worktree(repo: Repo, claude_env: dict[str, str]) -> Repo:
    """A linked work tree, on a branch of its own."""
    repo.git("worktree", "add", "--quiet", "-b", "work", "../tree")
    return Repo(repo.path.parent / "tree")


@pytest.fixture
def speak(worktree: Repo) -> Iterator[Speaks]:
    """Starts the program in the work tree; whatever is left is ended after the test."""
    started: list[Speaking] = []

    def start(*options: str, takes_up: str | None = None, mode: str = "dontAsk") -> Speaking:
        started.append(Speaking(worktree.path, *(options or WORKS), takes_up=takes_up, mode=mode))
        return started[-1]

    yield start
    for each in started:
        each.end()


@pytest.fixture(scope="session")
def source_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of several thousand real source files: the standard library of this Python."""
    root = tmp_path_factory.mktemp("source")
    environment = sealed_environment(root / "sealed")
    template = make_template(root / "repo", environment)
    library = Path(sysconfig.get_path("stdlib"))
    ignored = shutil.ignore_patterns("site-packages", "__pycache__", "*.so", "*.a", "*.o", "*.pyc", ".git*")
    shutil.copytree(library, template / "library", ignore=ignored, symlinks=True)
    repo = Repo(template, environment)
    repo.git("add", "--all")
    repo.git("commit", "--quiet", "--message=A source tree")
    assert len(repo.git("ls-files").splitlines()) > 2000
    return template


@pytest.fixture
def ready(
    request: pytest.FixtureRequest,
    claude_env: dict[str, str],
    ccc: RunsCcc,
    repo_template: Path,
    tmp_path: Path,
) -> Repo:
    """A repository after `init`; for tests marked `large_tree` a copy of the source tree."""
    is_large = request.node.get_closest_marker("large_tree") is not None
    original = request.getfixturevalue("source_tree") if is_large else repo_template
    repo = copy_repository(original, tmp_path / "repo")
    ccc("init", cwd=repo.path, exit=0)
    return repo


@pytest.fixture
def spawn(ready: Repo, ccc: RunsCcc) -> Iterator[Callable[..., Agent]]:
    """Spawns a session that the real program works in; ended after the test."""
    made: list[Agent] = []

    def make(role: str, task: str, *options: str) -> Agent:
        call = RunsIn(ccc, ready.path)
        found = call("spawn", role, task, "--json", *options, exit=0).json["sessions"][0]
        runs = ready.path / ".git" / "ccc" / "runs"
        made.append(Agent(found["name"], found["id"], Path(found["worktree"]), call, runs))
        return made[-1]

    yield make
    for agent in made:
        agent.end()


class RunsIn:
    """`ccc` in one folder."""

    def __init__(self, ccc: RunsCcc, folder: Path) -> None:
        self._ccc, self._folder = ccc, folder

    def __call__(self, *arguments: str, cwd: Path | None = None, **options: Any) -> Any:
        return self._ccc(*arguments, cwd=cwd or self._folder, **options)
