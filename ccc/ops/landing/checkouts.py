"""Checkouts of the target: brought along when clean, left alone when not."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ccc.errors import GitFailed, Refused
from ccc.git import history, worktrees
from ccc.git.command import Begun, Git
from ccc.git.repository import git_in
from ccc.ops.observe import HEADS
from ccc.ops.workspace import Workspace
from ccc.records import dataclass

SHOWN = 3
MANY = 500
"""Paths that are looked at one by one; of more, git itself is asked to try."""


def checkouts_of(workspace: Workspace, branch: str) -> list[Path]:
    """The work trees that have the branch checked out."""
    return [
        tree.path
        for tree in worktrees.listed(workspace.repository)
        if tree.branch == HEADS + branch and tree.path.is_dir()
    ]


@dataclass(frozen=True)
class Look:
    """A checkout, the git of it, and its `git status` that is under way."""

    top: Path
    git: Git
    status: Begun


@contextmanager
def looked_at(workspace: Workspace, tops: Iterable[Path]) -> Iterator[list[Look]]:
    """Has git look whether checkouts are clean while the caller does something else."""
    found: list[Look] = []
    try:
        for top in tops:
            git = git_in(workspace.repository, top)
            found.append(Look(top, git, history.begin_status(git, untracked=False)))
        yield found
    finally:
        for each in found:
            each.status.drop()


def require_clean(workspace: Workspace, top: Path, base: str, commit: str) -> None:
    """Refuses a landing that would meet uncommitted changes in a checkout of the target. Raises Refused."""
    with looked_at(workspace, [top]) as looks:
        require_unchanged(workspace, looks, base, commit)


def require_unchanged(workspace: Workspace, looks: Sequence[Look], base: str, commit: str) -> None:
    """Refuses where one of the checkouts has changes, or files that are in the way from `base` to `commit`.

    Moving the branch under a dirty checkout would show the landing as undone there, and the next commit
    would undo it; so it is left alone, and said so. Raises Refused.
    """
    if not looks:
        return
    begun = history.begin_paths(workspace.git, base, commit)
    try:
        for look in looks:
            _require_no_changes(look)
        differing = history.parsed_paths(begun.result().out)
    finally:
        begun.drop()
    for look in looks:
        if not _is_plain(look, differing):
            _require_room(look, base, commit)


def _require_no_changes(look: Look) -> None:
    changed = [entry.path for entry in history.parsed_status(look.status.result().out)]
    if changed:
        raise Refused(
            f"{look.top} has uncommitted changes: {_some(changed)}",
            "commit or stash them there, or close that checkout",
        )


def _require_room(look: Look, base: str, commit: str) -> None:
    try:
        look.git.run("read-tree", "-m", "-u", "-n", base, commit)
    except GitFailed as error:
        raise Refused(
            f"files in {look.top} are in the way: {error.message}", "move them away, then try again"
        ) from error


def _is_plain(look: Look, differing: Sequence[tuple[str, str]]) -> bool:
    """Whether nothing can be in the way: no new path is there yet, and no file hides from `git status`.

    A quarter of the time that git takes to try it. What is told to look unchanged (`update-index
    --assume-unchanged`, a sparse checkout) is for git to judge.
    """
    if len(differing) > MANY:
        return False
    if any(_is_taken(look.top, path) for status, path in differing if status == "A"):
        return False
    known = [path for status, path in differing if status != "A"]
    if not known:
        return True
    literal = [f":(top,literal){path}" for path in known]
    flags = look.git.lines("ls-files", "-v", "-z", "--", *literal)
    return len(flags) == len(known) and all(line.startswith("H ") for line in flags)


def _is_taken(top: Path, path: str) -> bool:
    """Whether something is at a path, or a file where a folder on the way to it would be."""
    if os.path.lexists(top / path):
        return True
    folder = (top / path).parent
    while folder != top and not os.path.lexists(folder):
        folder = folder.parent
    return folder.is_symlink() or not folder.is_dir()


def begin_bringing(workspace: Workspace, top: Path, base: str, commit: str) -> Begun:
    """Begins to update a clean checkout that nobody has touched since it was looked at."""
    return git_in(workspace.repository, top).begin("read-tree", "-m", "-u", base, commit)


def bring_along(workspace: Workspace, top: Path, base: str, commit: str) -> list[str]:
    """Updates a clean checkout from `base` to `commit`; words where it could not be. May be repeated."""
    git = git_in(workspace.repository, top)
    if git.run("diff-index", "--cached", "--quiet", commit, ok=(0, 1)).code == 0:
        return []
    if git.run("diff-index", "--cached", "--quiet", base, ok=(0, 1)).code != 0:
        return [f"{top} has staged changes and is left as it is"]
    try:
        git.run("read-tree", "-m", "-u", base, commit)
    except GitFailed as error:
        return [f"{top} could not be brought along: {error.message}"]
    return []


def _some(paths: list[str]) -> str:
    more = len(paths) - SHOWN
    return ", ".join(paths[:SHOWN]) + (f" and {more} more" if more > 0 else "")
