"""Fixtures of the tests of ccc.git."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ccc.git.repository import Repository, discover
from tests.support.repository import Repo


@pytest.fixture
def repository(repo: Repo) -> Repository:
    """The repository of `repo`, discovered."""
    return discover(repo.path, os.environ)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder in no repository."""
    folder = tmp_path / "outside"
    folder.mkdir()
    return folder
