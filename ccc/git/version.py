"""Which git this is, and whether it is new enough."""

from __future__ import annotations

import re

from ccc.errors import GitFailed
from ccc.git.command import Git

OLDEST = (2, 39)
"""`merge-tree --write-tree --stdin` appears in 2.39 (git's release notes)."""


def version(git: Git) -> tuple[int, ...]:
    """The version as numbers. Raises GitFailed where git does not say it."""
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", git.text("version"))
    if found is None:
        raise GitFailed("git does not say its version", "install git 2.39 or newer")
    return tuple(int(part) for part in found.groups() if part is not None)


def require(git: Git) -> tuple[int, ...]:
    """The version. Raises GitFailed for one older than 2.39."""
    found = version(git)
    if found[:2] < OLDEST:
        raise GitFailed(f"git {'.'.join(map(str, found))} is too old", "install git 2.39 or newer")
    return found
