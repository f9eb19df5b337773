"""Fixtures for every test: a sealed environment, a small repository, and ccc itself."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.environment import sealed_environment
from tests.support.program import Inline, Program, RunsCcc
from tests.support.repository import Repo, copy_repository, make_template
from tests.support.warm import Warm

pytest_plugins = ["tests.support.skips", "tests.support.memory", "tests.support.guard", "tests.support.order"]


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell's job in the background is started so, and whatever a test starts would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A private HOME, temp folder and git configuration; yields that HOME.

    They lie beside `tmp_path`, so that `tmp_path` itself begins empty.
    """
    environment = sealed_environment(tmp_path.with_name(f"{tmp_path.name}.sealed"))
    for name in os.environ.keys() - environment.keys() - {"PYTEST_CURRENT_TEST"}:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(tempfile, "tempdir", None)
    home = Path(environment["HOME"])
    _point_pygit2_at(home)
    yield home
    tempfile.tempdir = None


def _point_pygit2_at(home: Path) -> None:
    """libgit2 reads HOME once, when it is loaded; a later HOME must be told to it."""
    pygit2 = sys.modules.get("pygit2")
    if pygit2 is None:
        return
    level = pygit2.enums.ConfigLevel
    pygit2.settings.search_path[level.GLOBAL] = str(home)
    for other in (level.SYSTEM, level.XDG, level.PROGRAMDATA):
        pygit2.settings.search_path[other] = str(home / "none")


@pytest.fixture(scope="session")
def repo_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository to copy: branch main, three commits, a few files."""
    root = tmp_path_factory.mktemp("template")
    return make_template(root / "repo", sealed_environment(root / "sealed"))


@pytest.fixture
def repo(repo_template: Path, tmp_path: Path) -> Repo:
    """A copy of the template at `tmp_path/repo`, to change at will."""
    return copy_repository(repo_template, tmp_path / "repo")


def _directory(request: pytest.FixtureRequest) -> Path:
    if "repo" in request.fixturenames:
        found: Repo = request.getfixturevalue("repo")
        return found.path
    path: Path = request.getfixturevalue("tmp_path")
    return path


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    """Starts processes of ccc without the tenth of a second that importing takes."""
    made = Warm()
    yield made
    made.close()


@pytest.fixture
def ccc(request: pytest.FixtureRequest, warm: Warm) -> RunsCcc:
    """Runs ccc as a process of its own, in `repo` when the test has one, else in `tmp_path`.

    Where a test is marked `cold`, it is started as a user starts it, else forked (`warm_server`).
    """
    cold = request.node.get_closest_marker("cold") is not None
    return Program(_directory(request), None if cold else warm)


@pytest.fixture
def ccc_inline(request: pytest.FixtureRequest) -> RunsCcc:
    """Runs ccc's `main(argv)` in this process, in the same place as `ccc` would."""
    return Inline(_directory(request))
