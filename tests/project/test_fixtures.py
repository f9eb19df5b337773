"""The fixtures that all tests stand on."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import pygit2
import pytest

from tests.support.environment import sealed_environment
from tests.support.repository import Repo


def test_environment_is_private(sealed: Path, tmp_path: Path) -> None:
    assert Path.home() == sealed
    assert Path(tempfile.gettempdir()).parent == sealed.parent
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["GIT_DIR", "CLAUDECODE", "CCC_SESSION", "CLAUDE_CONFIG_DIR", "NO_COLOR", "LC_ALL"]
)
def test_variables_of_the_surroundings_are_gone(name: str, tmp_path: Path) -> None:
    assert name not in sealed_environment(tmp_path, {name: "x", "PATH": "/bin"})
    assert name not in os.environ


def test_git_knows_the_developer_by_role(repo: Repo) -> None:
    assert repo.git("log", "-1", "--format=%an <%ae>") == "Developer <developer@example.com>"
    assert repo.git("config", "--show-scope", "--get-all", "user.email") == "global\tdeveloper@example.com"


def test_repository_is_the_same_in_every_run(repo: Repo) -> None:
    assert repo.git("log", "--format=%s", "main").splitlines() == [
        "Document the application",
        "Add the application",
        "Begin",
    ]
    assert repo.git("status", "--porcelain") == ""
    assert repo.oid() == "82883cb1bfd3f9452ca1c79d2035f80751c38b27"


def test_commit_writes_files_and_gives_the_oid(repo: Repo) -> None:
    oid = repo.commit("Change", {"src/new.py": "x = 1\n"})
    assert repo.git("show", f"{oid}:src/new.py") == "x = 1"


def test_failing_git_shows_its_words(repo: Repo) -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        repo.git("rev-parse", "--verify", "absent")
    assert "fatal: Needed a single revision" in caught.value.__notes__[0]


@pytest.mark.parametrize("name", ["One", "Two"])
def test_loaded_pygit2_follows_to_the_private_configuration(name: str, sealed: Path, repo: Repo) -> None:
    repo.git("config", "--global", "user.name", name)
    assert pygit2.Repository(str(repo.path)).default_signature.name == name
