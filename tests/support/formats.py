"""Repositories in other formats, with the history of an ordinary one."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.repository import Repo

NEWER_GIT = "CCC_TEST_GIT"
"""Names a newer git program (2.55 say) for tests of what the git on PATH does not know yet."""

_GIVEN = os.environ.get(NEWER_GIT)
"""Looked at before the tests' environment is sealed."""


def converted(repo: Repo, path: Path, *options: str) -> Repo:
    """The same history in a new repository made by `git init` with these options, checked out."""
    path.mkdir(parents=True)
    copy = Repo(path, repo.environment)
    copy.git("init", "-q", "--template=", *options)
    (copy.common / "hooks").mkdir()
    (copy.common / "info").mkdir()
    stream = repo.git("fast-export", "--all", "--signed-tags=strip")
    copy.git("fast-import", "--quiet", stdin=f"{stream}\n")
    copy.git("reset", "-q", "--hard")
    return copy


def newer_git(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    """Makes the program that CCC_TEST_GIT names the `git` of this test; skips where there is none."""
    if not _GIVEN or shutil.which(_GIVEN) is None:
        pytest.skip(f"{NEWER_GIT} names no git program")
    program = Path(_GIVEN).resolve()
    # A folder with that git alone, so that nothing else beside it is found first.
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "git").symlink_to(program)
    monkeypatch.setenv("PATH", os.pathsep.join([str(folder), os.environ["PATH"]]))
    asked = subprocess.run([program, "version"], capture_output=True, text=True, check=True)
    assert asked.stdout.startswith("git version ")
    return program
