"""The admin directory of a linked work tree: what goes on there, and giving it another name.

git finds it by the `.git` file alone, so a new name is two renames: the directory, then that file. Whoever is
killed between them leaves a work tree git does not know; `give_back` makes it whole under its old name.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ccc.errors import Refused
from ccc.git.folders import pointed_at, points_to
from ccc.git.linking import Steps, in_words, no_steps
from ccc.git.repository import Repository

LOCKS = ("index.lock", "HEAD.lock")
GOING_ON = {
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "BISECT_LOG": "bisect",
}
"""Files of an unfinished operation, and its name; what `git status` looks for (wt-status.c)."""
HEAD_NAMES = ("rebase-merge/head-name", "rebase-apply/head-name")
"""Where a rebase keeps the full name of the branch it has taken HEAD from."""


def going_on(admin: Path) -> str | None:
    """The git operation that is not finished in a work tree: `rebase`, `merge` and so on."""
    return next((name for file, name in GOING_ON.items() if (admin / file).exists()), None)


def held_lock(admin: Path) -> Path | None:
    """A lock that a git program holds there, or left behind."""
    return next((admin / name for name in LOCKS if (admin / name).exists()), None)


def holds_modules(admin: Path) -> bool:
    """Whether submodules were checked out there: their own `.git` files name this directory."""
    return (admin / "modules").exists()


def busy_with(repository: Repository, branch: str) -> Path | None:
    """The admin directory whose rebase or bisect will give HEAD back to this branch (a full name)."""
    folders = [repository.common, *sorted((repository.common / "worktrees").glob("*"))]
    for admin in folders:
        if any(_first_line(admin / name) == branch for name in HEAD_NAMES):
            return admin
        started = _first_line(admin / "BISECT_START")
        if started is not None and f"refs/heads/{started}" == branch:
            return admin
    return None


def _first_line(file: Path) -> str | None:
    try:
        return os.fsdecode(file.read_bytes()).partition("\n")[0]
    except (FileNotFoundError, NotADirectoryError):
        return None


def rename(repository: Repository, top: Path, old: str, new: str, steps: Steps = no_steps) -> None:
    """Gives the admin directory of the work tree at `top` another name; index, HEAD and logs go along.

    On failure it has its old name. Raises Refused (name taken, unwritable).
    """
    if old == new:
        return
    folder = repository.common / "worktrees"
    if os.path.lexists(folder / new):
        raise Refused(f"{folder / new} exists already", "git worktree prune, or choose another --name")
    try:
        fresh = _written(top, new)
        steps("adopt-written")
        (folder / old).rename(folder / new)
        steps("adopt-renamed")
        fresh.replace(top / ".git")
        steps("adopt-linked")
    except OSError as error:
        give_back(repository, top, old, new)
        raise in_words(error, top) from error


def give_back(repository: Repository, top: Path, old: str, new: str) -> None:
    """Takes a `rename` back, done or half done; may be repeated. A work tree that is gone stays gone."""
    if old == new:
        return
    before, after = (repository.common / "worktrees" / name for name in (old, new))
    if after.is_dir() and not os.path.lexists(before):
        after.rename(before)
    place = _place(before, top)
    if points_to(place / ".git", after) and points_to(before / "gitdir", place / ".git"):
        _written(place, old).replace(place / ".git")
    for name in (old, new):
        _beside(place, name).unlink(missing_ok=True)


def _place(admin: Path, top: Path) -> Path:
    """Where the work tree is by now: `git worktree move` may have been there."""
    link = pointed_at(admin / "gitdir")
    return link.parent if link is not None else top


def _beside(top: Path, admin: str) -> Path:
    return top / f".git.{admin}"


def _written(top: Path, admin: str) -> Path:
    """A `.git` file for another name, ready to take the old one's place; relative where that was."""
    link, fresh = top / ".git", _beside(top, admin)
    named = os.fsdecode(link.read_bytes()).removeprefix("gitdir:").strip(" \r\n")
    fresh.write_bytes(os.fsencode(f"gitdir: {os.path.join(os.path.dirname(named), admin)}\n"))  # noqa: PTH118, PTH120 - as text
    shutil.copymode(link, fresh)
    return fresh
