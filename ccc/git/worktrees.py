"""Linked work trees of sessions: made without races, taken away without losing work."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from ccc.errors import CccError, GitFailed, Refused
from ccc.git import linking
from ccc.git.folders import delete, pointed_at, points_to, remove_empty
from ccc.git.heads import ADMIN_PREFIX as ADMIN_PREFIX
from ccc.git.linking import Making, Steps, no_steps
from ccc.git.repository import RefMoved, RefUpdate, Repository, resolve, update_refs
from ccc.records import dataclass

HEADS = "refs/heads/"


@dataclass(frozen=True)
class Worktree:
    """A checkout. `admin` is its admin directory's name (None: the main one), `branch` a full name or None.

    `head` is the commit of a detached HEAD, `locked` the reason of `git worktree lock` (may be empty),
    `prunable` says that the folder is gone.
    """

    path: Path
    admin: str | None
    branch: str | None
    head: str | None = None
    locked: str | None = None
    prunable: bool = False


def add(
    repository: Repository,
    *,
    name: str,
    path: Path,
    branch: str,
    commit: str,
    lock: AbstractContextManager[None],
    steps: Steps = no_steps,
) -> None:
    """Makes branch and work tree of a session at a commit; the admin directory is called `ccc-<name>`.

    The branch is claimed first, by a creation that fails where it exists. `steps` is told each step's name.
    On failure nothing of it is left. Raises Refused (folder there already, unwritable, disk full, branch
    taken), GitFailed.
    """
    ref = f"{HEADS}{branch}"
    if os.path.lexists(path):
        raise Refused(f"{path} exists already", "move it away, or choose another --name")
    _require_writable_parent(path)
    _claim(repository, ref, commit)
    try:
        steps("worktree-branched")
        linking.make(_making(repository, name, path, f"ref: {ref}"), lock, steps)
    except BaseException:
        _give_back(repository, ref, commit)
        remove_empty(path.parent)
        raise


def _making(repository: Repository, name: str, path: Path, head: str) -> Making:
    return Making(repository, ADMIN_PREFIX + name, path, head)


def _require_writable_parent(path: Path) -> None:
    """Asked before anything is made, so that the commonest mistake leaves no trace."""
    folder = path.parent
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir():
        raise linking.unwritable(path.parent, f"{folder} is not a directory")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise linking.unwritable(path.parent, "Permission denied")


def _claim(repository: Repository, ref: str, commit: str) -> None:
    try:
        update_refs(repository.git, [RefUpdate(ref, commit, None)], "ccc: spawned")
    except RefMoved as error:
        raise Refused(f"branch {ref.removeprefix(HEADS)} is taken", "choose another --name") from error
    except GitFailed as error:
        if any(words in error.message for words in linking.NO_SPACE):
            raise linking.no_space(repository.common) from error
        raise


def _give_back(repository: Repository, ref: str, commit: str) -> None:
    """Deletes the branch, unless somebody has committed on it."""
    with suppress(CccError):
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
    steps: Steps = no_steps,
) -> None:
    """Makes a session's work tree again; `branch`, a full name that is at `commit`, or None: detached.

    On failure nothing of it is left. Raises Refused (folder there already, unwritable, disk full), GitFailed.
    """
    _require_writable_parent(path)
    head = commit if branch is None else f"ref: {branch}"
    try:
        linking.make(_making(repository, name, path, head), lock, steps)
    except BaseException:
        remove_empty(path.parent)
        raise


def repair(repository: Repository, *, name: str, path: Path, branch: str, commit: str) -> bool:
    """Puts right what `add` left when its process was killed; may be repeated.

    True: the work tree is whole (only the checkout was missing, and is made now). False: there is none, what
    had been made of it is gone, the branch, too, unless it has moved on from `commit`. Nothing is deleted
    that is not provably the session's. Raises Refused, GitFailed.
    """
    admin = repository.common / "worktrees" / (ADMIN_PREFIX + name)
    ref = f"{HEADS}{branch}"
    linked = points_to(path / ".git", admin) and points_to(admin / "gitdir", path / ".git")
    if linked and resolve(repository.git, ref) is not None:
        _finish(path, admin)
        return True
    discard(repository, name=name, path=path)
    _give_back(repository, ref, commit)
    return False


def discard(repository: Repository, *, name: str, path: Path) -> None:
    """Takes away what an `add` that did not end has made, except the branch; may be repeated.

    Only what is provably this work tree's, or empty. Raises Refused where something cannot be deleted.
    """
    admin = repository.common / "worktrees" / (ADMIN_PREFIX + name)
    for folder in (path, linking.waiting_folder(path, admin.name)):
        if points_to(folder / ".git", admin):
            delete(folder)
        remove_empty(folder)
    remove_empty(path.parent / ".making")
    if not _is_of_another(admin, path):
        delete(admin)
    for half in (repository.common / "ccc" / "tmp").glob(f"{admin.name}.*"):
        delete(half)
    remove_empty(path.parent)


def _finish(path: Path, admin: Path) -> None:
    """The index is what a checkout writes last, so without one the checkout was cut off."""
    if (admin / "index").exists():
        return
    (admin / "index.lock").unlink(missing_ok=True)
    try:
        linking.fill(path)
    except OSError as error:
        raise linking.in_words(error, path) from error


def _is_of_another(admin: Path, path: Path) -> bool:
    """Whether the admin directory serves a work tree that lives somewhere else."""
    named = pointed_at(admin / "gitdir")
    return named is not None and named.exists() and not points_to(admin / "gitdir", path / ".git")


def remove(repository: Repository, name: str, path: Path) -> None:
    """Takes a session's work tree away, whatever is in it: the caller has backed it up; may be repeated.

    Raises Refused where the folder is not provably this work tree, or something of it cannot be deleted.
    """
    admin = repository.common / "worktrees" / (ADMIN_PREFIX + name)
    if points_to(path / ".git", admin):
        # `.git` goes last: a removal that was killed is recognised when it is repeated.
        for entry in sorted(path.iterdir(), key=lambda entry: entry.name == ".git"):
            delete(entry) if entry.is_dir() and not entry.is_symlink() else _unlink(entry)
    remove_empty(path)
    if os.path.lexists(path):
        raise Refused(f"{path} is not the worktree of {name}", "look at it, then move it away")
    if not _is_of_another(admin, path):
        delete(admin)
    remove_empty(path.parent)


def _unlink(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
    except PermissionError:
        file.parent.chmod(0o700)
        file.unlink(missing_ok=True)


def listed(repository: Repository) -> list[Worktree]:
    """Every checkout, from the files that describe them: `git worktree list` dies on half-made neighbours."""
    found = list(_main(repository))
    for admin in sorted((repository.common / "worktrees").glob("*")):
        pointer = pointed_at(admin / "gitdir")
        if pointer is None:
            continue
        branch, head = _standing(repository, admin)
        lost = not os.path.lexists(pointer)
        found.append(Worktree(pointer.parent, admin.name, branch, head, _text(admin / "locked"), lost))
    return found


def _main(repository: Repository) -> Iterator[Worktree]:
    if repository.main_top is not None:
        branch, head = _standing(repository, repository.common)
        yield Worktree(repository.main_top, None, branch, head)


def _standing(repository: Repository, directory: Path) -> tuple[str | None, str | None]:
    """Branch and detached commit of a HEAD. With reftable the file is a stub, and git is asked."""
    text = _text(directory / "HEAD") or ""
    if text == "ref: refs/heads/.invalid":
        env = {"GIT_DIR": str(directory)}
        text = f"ref: {repository.git.run('symbolic-ref', '-q', 'HEAD', env=env, ok=(0, 1)).text}"
    if text.startswith("ref: "):
        return text.removeprefix("ref: ") or None, None
    return None, text or None


def _text(file: Path) -> str | None:
    try:
        return os.fsdecode(file.read_bytes()).rstrip("\n")
    except (FileNotFoundError, NotADirectoryError):
        return None


def find_moved(repository: Repository, admin: str) -> Path | None:
    """Where a work tree is now: where git believes it to be, else beside there or one level up.

    A work tree moved by hand still names its admin directory in its `.git`.
    """
    directory = repository.common / "worktrees" / admin
    pointer = pointed_at(directory / "gitdir")
    if pointer is None:
        return None
    recorded = pointer.parent
    folders = [recorded.parent, recorded.parent.parent]
    beside = (place for folder in folders for place in sorted(folder.glob("*/.git")))
    deeper = sorted(recorded.parent.parent.glob("*/*/.git"))
    for place in [pointer, *beside, *deeper]:
        if place.is_file() and points_to(place, directory):
            return place.parent
    return None
