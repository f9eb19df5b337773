"""The folders of a worktree in which files of it are, or may come to be: all that git does not ignore."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ccc.git.command import Git
from ccc.git.folders import pointed_at

MOST = 20_000
"""Folders of one worktree; of more the rest is left out."""


def session_worktrees(common: Path, prefix: str) -> dict[str, Path]:
    """The linked worktrees whose admin directory's name has a prefix: the rest of the name to the top."""
    found = {}
    for admin in _listed(common / "worktrees"):
        git_file = pointed_at(common / "worktrees" / admin / "gitdir") if admin.startswith(prefix) else None
        if git_file is not None:
            found[admin.removeprefix(prefix)] = git_file.parent
    return found


def folders(top: Path) -> set[str] | None:
    """All of them, as absolute paths, at most MOST; None where there are more. Raises GitFailed."""
    git = Git(top)
    found = {str(top)}
    for path in git.run("ls-files", "-z").out.decode("utf-8", "surrogateescape").split("\0"):
        _add(found, f"{top}/{path}".rpartition("/")[0] if path else str(top))
    asked = ("ls-files", "--others", "--exclude-standard", "--directory", "-z")
    for path in git.run(*asked).out.decode("utf-8", "surrogateescape").split("\0"):
        if path.endswith("/") and not os.path.lexists(f"{top}/{path}.git"):
            for folder in _below(f"{top}/{path}".rstrip("/")):
                _add(found, folder)
                if len(found) > MOST:
                    return None
    return found if len(found) <= MOST else None


def _add(found: set[str], folder: str) -> None:
    """A folder, and those above it; the top is there already."""
    while folder and folder not in found:
        found.add(folder)
        folder = folder.rpartition("/")[0]


def _below(folder: str) -> Iterator[str]:
    for place, _, _ in os.walk(folder):
        yield place


def _listed(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208
    except (FileNotFoundError, NotADirectoryError):
        return []
