"""Fixtures of the store's tests: a repository, and which backend its store works through."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccc.git.backend import GIT, LIBGIT
from ccc.store.protocol import Store
from tests.store.tools import BACKEND, Clock, git_store, memory_store
from tests.support.formats import converted
from tests.support.repository import Repo, copy_repository

MEMORY, SHA256 = "memory", "sha256"
KINDS = {"libgit": LIBGIT, "git": GIT, SHA256: "", MEMORY: ""}
"""Kinds of repository and backend, each with the value of CCC_BACKEND; empty: by probing."""

VARIED = (
    *("test_gitstore", "test_fsck", "test_crash", "test_reader", "test_contract", "test_parsing"),
    *("test_recovery", "test_recovery_repair"),
)


@pytest.fixture
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Which of KINDS; processes started by the test follow. libgit2 in modules that do not vary it."""
    kind: str = getattr(request, "param", "libgit")
    monkeypatch.setenv(BACKEND, KINDS[kind])
    return kind


@pytest.fixture(scope="session")
def sha256_template(repo_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template repository with objects named by SHA-256."""
    goal = tmp_path_factory.mktemp("sha256") / "repo"
    return converted(Repo(repo_template), goal, "--object-format=sha256").path


@pytest.fixture
def repo(request: pytest.FixtureRequest, backend: str, repo_template: Path, tmp_path: Path) -> Repo:
    """A copy of the template at `tmp_path/repo`, in the format that the backend is tried with."""
    template = request.getfixturevalue("sha256_template") if backend == SHA256 else repo_template
    return copy_repository(template, tmp_path / "repo")


@pytest.fixture
def common(repo: Repo) -> Path:
    """The common directory of a small repository."""
    return repo.path / ".git"


@pytest.fixture
def algorithm(backend: str) -> str:
    """The hash function that names objects there."""
    return "sha256" if backend == SHA256 else "sha1"


@pytest.fixture
def store(request: pytest.FixtureRequest, backend: str) -> Store:
    """Each kind of store, empty, with the same clock and lane."""
    if backend == MEMORY:
        return memory_store(lane="aaa", now=Clock())
    return git_store(request.getfixturevalue("common"), lane="aaa", now=Clock())


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The contract holds for every store and backend, all that a store does in a repository for each kind."""
    if "store" in metafunc.fixturenames:
        _vary(metafunc, "libgit", "git", MEMORY, SHA256)
    elif "backend" in metafunc.fixturenames and metafunc.module.__name__.rpartition(".")[2] in VARIED:
        _vary(metafunc, "libgit", SHA256)


def _vary(metafunc: pytest.Metafunc, *kinds: str) -> None:
    slow = pytest.mark.slow
    marked = [pytest.param(kind, marks=slow if kind == SHA256 else ()) for kind in kinds]
    metafunc.parametrize("backend", marked, indirect=True)
