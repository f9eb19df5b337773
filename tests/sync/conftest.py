"""A bare repository that clones share their state through, by git's own transport."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.program import Inline, Outcome
from tests.support.repository import Repo


@dataclass(frozen=True)
class Clone:
    """A clone of the hub, worked with by git and ccc."""

    repo: Repo
    run: Inline

    def __call__(self, *arguments: str, exit: int | None = 0, **options: Any) -> Outcome:
        return self.run(*arguments, exit=exit, **options)

    @property
    def tip(self) -> str:
        """The commit on refs/ccc."""
        return self.repo.oid("refs/ccc")

    @property
    def replica(self) -> str:
        """The name of this copy."""
        return (self.repo.common / "ccc" / "replica").read_text().strip()

    def note(self, text: str) -> None:
        """An event of this clone's own."""
        self("note", text)

    def notes(self) -> set[str]:
        """What is noted anywhere, as far as this clone knows."""
        log = self("log", "--json").json["events"]
        return {each["text"].removeprefix("noted ") for each in log if each["type"].startswith("note")}


Clones = Callable[..., Clone]


@pytest.fixture
def hub(repo: Repo, tmp_path: Path) -> Repo:
    """A bare repository with the template's branch."""
    path = tmp_path / "hub.git"
    repo.git("clone", "-q", "--bare", str(repo.path), str(path))
    return Repo(path)


@pytest.fixture
def clone(hub: Repo, tmp_path: Path) -> Clones:
    """Clones the hub over `file://`, which runs receive-pack as any server does."""

    def make(name: str, *options: str, url: str | None = None) -> Clone:
        path = tmp_path / name
        command = ["git", "clone", "-q", *options, url or f"file://{hub.path}", str(path)]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        return Clone(Repo(path), Inline(path))

    return make


@pytest.fixture
def sharing(clone: Clones) -> Clones:
    """A clone that shares."""

    def make(name: str, *options: str, url: str | None = None) -> Clone:
        made = clone(name, *options, url=url)
        made("init")
        made("sync", "origin", "--enable", "--yes")
        return made

    return make
