"""Checkouts of the target: brought along when clean, left alone when not."""

from __future__ import annotations

from pathlib import Path

from ccc.errors import GitFailed, Refused
from ccc.git import history, worktrees
from ccc.git.repository import git_in
from ccc.ops.observe import HEADS
from ccc.ops.workspace import Workspace

SHOWN = 3


def checkouts_of(workspace: Workspace, branch: str) -> list[Path]:
    """The work trees that have the branch checked out."""
    return [
        tree.path
        for tree in worktrees.listed(workspace.repository)
        if tree.branch == HEADS + branch and tree.path.is_dir()
    ]


def require_clean(workspace: Workspace, top: Path, base: str, commit: str) -> None:
    """Refuses a landing that would meet uncommitted changes in a checkout of the target.

    Moving the branch under a dirty checkout would show the landing as undone there, and the next commit
    would undo it; so it is left alone, and said so. Raises Refused.
    """
    git = git_in(workspace.repository, top)
    changed = [entry.path for entry in history.dirty(top, git) if entry.code != "??"]
    if changed:
        raise Refused(
            f"{top} has uncommitted changes: {_some(changed)}",
            "commit or stash them there, or close that checkout",
        )
    try:
        git.run("read-tree", "-m", "-u", "-n", base, commit)
    except GitFailed as error:
        raise Refused(
            f"files in {top} are in the way: {error.message}", "move them away, then try again"
        ) from error


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
