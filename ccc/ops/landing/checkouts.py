"""Checkouts of the target: brought along when clean, left alone when not."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from ccc.errors import FolderGone, GitFailed, Refused
from ccc.git import bringing, history, worktrees
from ccc.git import repository as repositories
from ccc.git.bringing import Few, begin_few
from ccc.git.command import Begun, Git
from ccc.git.history import DirtyPath
from ccc.git.occupied import occupied
from ccc.git.repository import RefUpdate, git_in, index_of
from ccc.ops.landing.combine import tree_of
from ccc.ops.observe import HEADS
from ccc.ops.workspace import Workspace
from ccc.records import dataclass

SHOWN = 3


def checkouts_of(workspace: Workspace, branch: str) -> list[Path]:
    """The work trees that have the branch checked out."""
    return [
        tree.path
        for tree in worktrees.listed(workspace.repository)
        if tree.branch == HEADS + branch and tree.path.is_dir()
    ]


def require_free(workspace: Workspace, *branches: str) -> None:
    """Refuses to move a branch that a rebase or a bisection under way has, as git does. Raises Refused.

    `rebase --continue` would fail there then, and `rebase --abort` take the branch back to where it was.
    """
    for each in occupied(workspace.repository, [HEADS + branch for branch in branches]):
        raise Refused(each.words, each.hint)


def is_free(workspace: Workspace, branch: str) -> bool:
    """Whether `require_free` would let the branch be moved."""
    return not occupied(workspace.repository, (HEADS + branch,))


@dataclass(frozen=True)
class Look:
    """A checkout, the git of it, its `git status` under way, and a look at the files to move, where few."""

    top: Path
    git: Git
    status: Begun
    few: Few | None

    def drop(self) -> None:
        """Ends what is under way."""
        self.status.drop()
        if self.few is not None:
            self.few.drop()


@contextmanager
def looked_at(
    workspace: Workspace, tops: Sequence[Path], base: str, tree: str | None
) -> Iterator[list[Look]]:
    """Has git look whether checkouts are clean while the caller does something else.

    `base` and `tree`: the trees that they are to be moved from, and to.
    """
    found: list[Look] = []
    try:
        for top in tops:
            with suppress(FolderGone):
                git = git_in(workspace.repository, top)
                found.append(Look(top, git, history.begin_status(git, untracked=False), None))
        paths = bringing.few(workspace.reader.objects, base, tree) if found and tree is not None else None
        for at, look in enumerate(found):
            index = index_of(workspace.repository, look.top)
            found[at] = replace(look, few=begin_few(look.git, index, paths, is_clean=True))
        yield found
    finally:
        for each in found:
            each.drop()


def move_from(
    workspace: Workspace, top: Path | None, update: RefUpdate, reason: str, ready: Begun | None = None
) -> None:
    """Moves a branch, from where it is checked out, so that the log there says so.

    `ready` as for `update_refs`. Raises RefMoved, GitFailed.
    """
    try:
        repositories.update_refs(workspace.git if top is None else Git(top), [update], reason, ready=ready)
    except FolderGone:
        repositories.update_refs(workspace.git, [update], reason)


def require_clean(workspace: Workspace, top: Path, base: str, commit: str) -> None:
    """Refuses a landing that would meet uncommitted changes in a checkout of the target. Raises Refused."""
    trees = [tree_of(workspace, each) for each in (base, commit)]
    with looked_at(workspace, [top], *trees) as looks:
        require_unchanged(looks, base, commit)


def require_unchanged(looks: Sequence[Look], base: str, commit: str) -> None:
    """Refuses where one of the checkouts has changes, or files that are in the way from `base` to `commit`.

    Moving the branch under a dirty checkout would show the landing as undone there, and the next commit
    would undo it; so it is left alone, and said so. Raises Refused.
    """
    for look in looks:
        _require_no_changes(look, base)
    for look in looks:
        if look.few is None or not look.few.is_plain:
            _require_room(look, base, commit)


def _require_no_changes(look: Look, base: str) -> None:
    changed = without_left(look.git, look.top, base, history.parsed_status(look.status.result().out))
    if changed:
        modules = [shlex.quote(entry.path) for entry in changed if entry.is_elsewhere]
        update = (
            f"; or, to have what is committed: git submodule update {' '.join(modules)}" if modules else ""
        )
        raise Refused(
            f"{look.top} has uncommitted changes: {_some([entry.path for entry in changed])}",
            f"commit or stash them there, or close that checkout{update}",
        )


def without_left(git: Git, top: Path, base: str, found: Sequence[DirtyPath]) -> list[DirtyPath]:
    """What is not committed in a checkout, without the submodules that landings have left as they were."""
    return [each for each in found if not (each.is_elsewhere and _was_left(git, top, base, each.path))]


def _was_left(git: Git, top: Path, base: str, path: str) -> bool:
    """Whether a submodule is checked out at a commit that the target had for it before.

    As `git merge` does, a landing that moves a submodule leaves what is checked out in it to `git submodule
    update`; so this is no change of anybody's.
    """
    there = repositories.resolve(Git(top / path), "HEAD")
    if there is None:
        return False
    asked = ("log", "-1", "--format=%H", f"--find-object={there}", "--diff-merges=first-parent", base)
    return bool(git.run(*asked, "--", f":(top,literal){path}").text)


def _require_room(look: Look, base: str, commit: str) -> None:
    """A quarter of the time that git takes to try it is saved where `Few` knows."""
    try:
        look.git.run("read-tree", "-m", "-u", "-n", base, commit)
    except GitFailed as error:
        raise Refused(
            f"files in {look.top} are in the way: {error.message}", "move them away, then try again"
        ) from error


def begin_bringing(look: Look, base: str, commit: str) -> Begun:
    """Begins to update a clean checkout that nobody has touched since it was looked at."""
    begun = None if look.few is None else look.few.begin(commit)
    return begun or look.git.begin("read-tree", "-m", "-u", base, commit)


def bring_along(workspace: Workspace, top: Path, base: str, commit: str) -> list[str]:
    """Updates a clean checkout from `base` to `commit`; words where it could not be. May be repeated.

    One that is gone needs nothing: a session that was closed since, or a folder that somebody deleted.
    """
    try:
        return _brought_along(git_in(workspace.repository, top), top, base, commit)
    except GitFailed:
        if top.is_dir():
            raise
        return []


def _brought_along(git: Git, top: Path, base: str, commit: str) -> list[str]:
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
