"""A repository with hooks and a session's worktree."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hooks import gits
from tests.hooks.gits import Gits
from tests.hooks.making import install, make_tree
from tests.support.repository import Repo

WISH = "[ccc]\n\thooks = shims\n"


@pytest.fixture(autouse=True)
def wish(sealed: Path) -> None:
    """Hooks come as shims, whatever git is here; the tests of the other way take this back."""
    with (sealed / ".gitconfig").open("a") as file:
        file.write(WISH)


@pytest.fixture
def no_wish(wish: None, sealed: Path) -> None:
    """Nobody says which way hooks come."""
    config = sealed / ".gitconfig"
    config.write_text(config.read_text().replace(WISH, ""))


@pytest.fixture
def new_git(no_wish: None, sealed: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The path of a git of 2.54 or newer, which is the first on PATH."""
    found = gits.find(new=True)
    gits.user(sealed, monkeypatch)(found)
    return found


@pytest.fixture
def both(no_wish: None, sealed: Path, monkeypatch: pytest.MonkeyPatch) -> Gits:
    """A git that knows hooks in configuration, first on PATH, and one that does not."""
    found = Gits(gits.find(new=False), gits.find(new=True), gits.user(sealed, monkeypatch))
    found.use(found.new)
    return found


@pytest.fixture
def hooked(repo: Repo) -> Repo:
    """The repository with hooks installed and no drain."""
    install(repo)
    return repo


@pytest.fixture
def tree(hooked: Repo) -> Repo:
    """The worktree of the session `backend-x`."""
    return make_tree(hooked, "backend-x")
