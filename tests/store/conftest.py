"""Fixtures of the store's tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ccc.store.protocol import Store
from tests.store.tools import Clock, git_store, memory_store
from tests.support.repository import Repo


@pytest.fixture
def common(repo: Repo) -> Path:
    """The common directory of a small repository."""
    return repo.path / ".git"


@pytest.fixture(params=["git", "memory"])
def store(request: pytest.FixtureRequest) -> Store:
    """Each kind of store, empty, with the same clock and lane."""
    make: dict[str, Callable[[], Store]] = {
        "git": lambda: git_store(request.getfixturevalue("common"), lane="aaa", now=Clock()),
        "memory": lambda: memory_store(lane="aaa", now=Clock()),
    }
    return make[request.param]()
