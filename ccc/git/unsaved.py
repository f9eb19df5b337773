"""The work in a worktree that is not committed, as a commit that is nowhere but in a quarantine.

Unlike `snapshot`, which keeps files byte for byte, this is what committing everything now would give: filters
and line ends as git applies them, so that a merge says of it what it would say of the commit.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from dataclasses import replace
from pathlib import Path

from ccc.errors import GitFailed
from ccc.git.command import Git
from ccc.records import dataclass

LARGEST = 16 * 1024 * 1024
"""Bytes of an untracked file that is looked at: of a larger one nobody makes a commit in passing."""

UNDER_WAY = (
    *("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD"),
    *("rebase-merge", "rebase-apply", "sequencer"),
)
"""In an admin directory: what is in the worktree is half of something; markers of conflicts are no work."""

QUIETLY = (
    *("-c", "core.safecrlf=false", "-c", "core.splitIndex=false", "-c", "status.relativePaths=false"),
    *("-c", "core.untrackedCache=false"),
)
STATUS = (
    *("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all"),
    *("--ignore-submodules=dirty", "--no-ahead-behind"),
)
UPDATE = ("update-index", "--add", "--remove", "--replace", "-z", "--stdin")
WHO = "ccc <ccc@localhost>"


class NotNow(GitFailed):
    """What is in the worktree is half of something, so it says nothing of the work."""


@dataclass(frozen=True)
class Place:
    """A linked worktree: its top, and its admin directory."""

    top: Path
    admin: Path

    @property
    def index(self) -> Path:
        return self.admin / "index"


def unsaved(place: Place, git: Git, folder: Path) -> str | None:
    """What committing everything in a worktree now would give; None where that is nothing new.

    `git` runs at its top and writes objects into a quarantine. The index there is only read: all is done to
    a copy in `folder`. Ignored files, repositories inside, and untracked files over LARGEST are left out.
    Raises NotNow in the middle of a merge or a rebase; GitFailed, OSError.
    """
    if any((place.admin / name).exists() for name in UNDER_WAY):
        raise NotNow("a merge or a rebase is under way")
    with tempfile.TemporaryDirectory(prefix="index-", dir=folder) as own:
        index = Path(own) / "index"
        # With its time: by that git knows which files it must read, as they may have changed since.
        shutil.copy2(place.index, index)
        here = replace(git, extra={**git.extra, "GIT_INDEX_FILE": str(index)})
        changed = _changed(here, place.top)
        if changed:
            given = b"".join(path + b"\0" for path in changed)
            here.run(*QUIETLY, *UPDATE, input=given, ok=(0, 128))
        tree = here.text("write-tree")
        head, before, seconds = here.text("log", "-1", "--format=%H %T %ct", "HEAD").split(" ")
        return None if tree == before else _commit(here, tree, head, seconds)


def _changed(git: Git, top: Path) -> list[bytes]:
    """The paths that differ from the index, what is gone first: a folder may be where a file was.

    Raises NotNow where some are in conflict.
    """
    gone, there = [], []
    for row in git.run(*QUIETLY, *STATUS).out.split(b"\0"):
        path = row[3:]
        if b"U" in row[:2] or row[:2] in (b"AA", b"DD"):
            raise NotNow("files are in conflict")
        if row[1:2] == b"D":
            gone.append(path)
        elif row[1:2] not in (b"", b" ") and not path.endswith(b"/") and _is_wanted(top, row):
            there.append(path)
    return [*gone, *there]


def _is_wanted(top: Path, row: bytes) -> bool:
    """Whether a path can be read, and is one that git tracks or not too large: of others git takes none."""
    file = top / os.fsdecode(row[3:])
    try:
        found = file.lstat()
    except OSError:
        return False
    if not stat.S_ISREG(found.st_mode):
        return stat.S_ISLNK(found.st_mode) or not row.startswith(b"??")
    return os.access(file, os.R_OK) and (found.st_size <= LARGEST or not row.startswith(b"??"))


def _commit(git: Git, tree: str, head: str, seconds: str) -> str:
    """Dated as what it stands on: the same work is the same commit, and walks meet no odd times."""
    content = (
        f"tree {tree}\nparent {head}\nauthor {WHO} {seconds} +0000\ncommitter {WHO} {seconds} +0000\n\n"
        "Not committed\n"
    )
    return git.run("hash-object", "-t", "commit", "-w", "--stdin", input=content.encode()).text
