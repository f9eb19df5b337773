"""Linked work trees of sessions: made without races, taken away without losing work."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from ccc.errors import CccError, GitFailed, Refused
from ccc.git.command import Git
from ccc.git.repository import RefMoved, Repository, RefUpdate, resolve, update_refs

ADMIN_PREFIX = "ccc-"
HEADS = "refs/heads/"


@dataclass(frozen=True)
class Worktree:
    """A checkout: its folder, its admin directory's name (None for the main one), full branch name or None."""

    path: Path
    admin: str | None
    branch: str | None


def add(
    repository: Repository, *, name: str, path: Path, branch: str, commit: str, lock: AbstractContextManager[None]
) -> None:
    """Makes branch and work tree of a session at a commit; the admin directory is called `ccc-<name>`.

    `git worktree add` in parallel fails on half-made neighbours (49 of 128), so it runs under `lock`,
    without checkout (4 ms); the checkout, which takes long, runs outside. git names the admin directory
    after the folder, so it is made as `ccc-<name>` and moved. On failure nothing of it is left. Raises
    Refused (folder there already, unwritable, disk full, branch taken), GitFailed.
    """
    git, ref = repository.git, f"{HEADS}{branch}"
    if os.path.lexists(path):
        raise Refused(f"{path} exists already", "move it away, or choose another --name")
    _make_parent(path)
    try:
        update_refs(git, [RefUpdate(ref, commit, None)], "ccc: spawned")
    except RefMoved as error:
        raise Refused(f"branch {branch} is taken", "choose another --name") from error
    try:
        with lock:
            _add_without_checkout(git, path, ADMIN_PREFIX + name, branch)
        Git(path).run("reset", "--hard", "--quiet", "--no-recurse-submodules")
    except BaseException as error:
        _take_back(repository, name, path, ref, commit)
        raise _in_words(error, path) from error


def _make_parent(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(path.parent, error.strerror) from error
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise _unwritable(path.parent, "Permission denied")


def _unwritable(folder: Path, why: str | None) -> Refused:
    return Refused(f"{folder} cannot be written: {why}", "set [session] worktree_dir in .ccc/config.toml to a folder of yours")


def _add_without_checkout(git: Git, path: Path, admin: str, branch: str) -> None:
    waiting = path.parent / ".making" / admin
    shutil.rmtree(waiting, ignore_errors=True)
    git.run("worktree", "add", "--quiet", "--no-checkout", str(waiting), branch)
    git.run("worktree", "move", str(waiting), str(path))
    with contextlib.suppress(OSError):
        waiting.parent.rmdir()


def _in_words(error: BaseException, path: Path) -> BaseException:
    if isinstance(error, GitFailed) and "No space left" in error.message:
        return Refused(f"no space left on the disk of {path.parent}", "free some, then spawn again")
    if isinstance(error, GitFailed) and "Permission denied" in error.message:
        return _unwritable(path.parent, "Permission denied")
    return error


def _take_back(repository: Repository, name: str, path: Path, ref: str, commit: str) -> None:
    for folder in (path, path.parent / ".making" / (ADMIN_PREFIX + name)):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(repository.common / "worktrees" / (ADMIN_PREFIX + name), ignore_errors=True)
    for folder in (path.parent / ".making", path.parent):
        with contextlib.suppress(OSError):
            folder.rmdir()
    with contextlib.suppress(CccError):
        if resolve(repository.git, ref) == commit:
            update_refs(repository.git, [RefUpdate(ref, None, commit)], "ccc: spawn failed")


def attach(
    repository: Repository,
    *,
    name: str,
    path: Path,
    commit: str,
    branch: str | None,
    lock: AbstractContextManager[None],
) -> None:
    """Makes a session's work tree again at a commit; `branch`, a full name that is there, or None: detached.

    On failure nothing of it is left. Raises Refused (unwritable, disk full), GitFailed.
    """
    _make_parent(path)
    try:
        with lock:
            _add_without_checkout(repository.git, path, ADMIN_PREFIX + name, commit)
        git = Git(path)
        if branch is not None:
            git.run("symbolic-ref", "-m", "ccc: reopened", "HEAD", branch)
        git.run("reset", "--hard", "--quiet", "--no-recurse-submodules")
    except BaseException as error:
        remove(repository, name, path)
        raise _in_words(error, path) from error


def remove(repository: Repository, name: str, path: Path) -> None:
    """Takes a session's work tree away, whatever is in it: the caller has backed it up."""
    admin = repository.common / "worktrees" / (ADMIN_PREFIX + name)
    shutil.rmtree(path, ignore_errors=True)
    shutil.rmtree(admin, ignore_errors=True)
    with contextlib.suppress(OSError):
        path.parent.rmdir()


def listed(repository: Repository) -> list[Worktree]:
    """Every checkout, from the files that describe them: `git worktree list` dies on half-made neighbours."""
    found = list(_main(repository))
    for admin in sorted((repository.common / "worktrees").glob("*")):
        folder, branch = _first_line(admin / "gitdir"), _branch(admin / "HEAD")
        if folder is not None:
            found.append(Worktree((admin / folder).parent, admin.name, branch))
    return found


def _main(repository: Repository) -> Iterator[Worktree]:
    if repository.main_top is not None:
        yield Worktree(repository.main_top, None, _branch(repository.common / "HEAD"))


def _branch(head: Path) -> str | None:
    text = _first_line(head) or ""
    return text.removeprefix("ref: ") if text.startswith("ref: ") else None


def _first_line(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8", errors="surrogateescape").split("\n")[0] or None
    except (FileNotFoundError, NotADirectoryError):
        return None
