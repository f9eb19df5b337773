"""The git programs of this machine, old and new, by what they know of hooks in configuration."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ccc.git import hookway

GIVEN = os.environ.get("CCC_TEST_GIT", "")
"""A git of another version than the one on PATH; read before the environment is sealed."""

Use = Callable[[str], None]


@dataclass(frozen=True)
class Gits:
    """Paths of an old and of a new git, and what makes one of them the first on PATH."""

    old: str
    new: str
    use: Use


def find(*, new: bool) -> str:
    """The path of a git that knows, or does not know, hooks in configuration.

    Without one, skips the test or the module that asks.
    """
    folders = os.environ.get("PATH", "").split(os.pathsep)
    programs = [GIVEN, *(str(Path(folder) / "git") for folder in folders if folder)]
    for program in programs:
        if os.access(program, os.X_OK) and (_version(program) >= hookway.OLDEST) == new:
            return program
    words = "of 2.54 or newer" if new else "older than 2.54"
    pytest.skip(f"CCC_TEST_GIT names no git {words}, and there is none on PATH", allow_module_level=True)


def _version(program: str) -> tuple[int, ...]:
    said = subprocess.run([program, "version"], capture_output=True, text=True, check=True, timeout=20).stdout
    found = re.search(r"(\d+)\.(\d+)", said)
    assert found is not None
    return tuple(map(int, found.groups()))


def user(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Use:
    """What puts a git first on PATH, through a link in `folder`."""
    before = os.environ["PATH"]

    def use(program: str) -> None:
        place = folder / f"git-{program.strip('/').replace('/', '-')}"
        place.mkdir(parents=True, exist_ok=True)
        if not (place / "git").exists():
            (place / "git").symlink_to(program)
        monkeypatch.setenv("PATH", f"{place}{os.pathsep}{before}")

    return use
