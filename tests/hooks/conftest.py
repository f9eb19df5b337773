"""A repository with hooks and a session's worktree."""

from __future__ import annotations

import pytest

from tests.hooks.making import install, make_tree
from tests.support.repository import Repo


@pytest.fixture
def hooked(repo: Repo) -> Repo:
    """The repository with hooks installed and no drain."""
    install(repo)
    return repo


@pytest.fixture
def tree(hooked: Repo) -> Repo:
    """The worktree of the session `backend-x`."""
    return make_tree(hooked, "backend-x")
