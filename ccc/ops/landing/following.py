"""The worktree of a session follows its branch after a landing, as `git merge --ff-only` would do it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ccc.domain.sessions import Session
from ccc.errors import FolderGone, GitFailed, GitLocked, Refused
from ccc.git import bringing
from ccc.git.bringing import Few, begin_few
from ccc.git.command import Git
from ccc.git.repository import RefUpdate, index_of
from ccc.ops.landing.checkouts import checkouts_of, move_from, require_free
from ccc.ops.landing.combine import advance_tree, tree_of
from ccc.ops.landing.review import Review
from ccc.ops.observe import HEADS
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.store.crashpoints import reached

Trees = tuple[str, str]


@dataclass(frozen=True)
class Ahead:
    """Where the branch of a session is checked out, if anywhere, and a look at the files to move there.

    `trees`: of the branch as it is, and of what it is moved to.
    """

    top: Path | None
    trees: Trees
    few: Few | None

    def holds(self, workspace: Workspace, session: Session, trees: Trees) -> bool:
        """Whether the branch is still checked out there, and moves from and to these trees."""
        return self.trees == trees and self.top == _checkout_of(workspace, session)


@contextmanager
def looked_ahead(workspace: Workspace, current: Review) -> Iterator[Ahead | None]:
    """Has git look at the worktree of a session that is about to land."""
    session, combined = current.session, current.combined
    if session.where != workspace.replica or combined.tree is None:
        yield None
        return
    after = advance_tree(workspace, session, combined.tree)
    ahead = look_ahead(workspace, session, (tree_of(workspace, combined.head), after))
    try:
        yield ahead
    finally:
        if ahead.few is not None:
            ahead.few.drop()


def look_ahead(workspace: Workspace, session: Session, trees: Trees) -> Ahead:
    """Has git look at the worktree of a session, where files differ between the trees."""
    top = _checkout_of(workspace, session)
    if top is None or trees[0] == trees[1]:
        return Ahead(top, trees, None)
    paths = bringing.few(workspace.reader.objects, *trees)
    try:
        return Ahead(top, trees, begin_few(Git(top), index_of(workspace.repository, top), paths))
    except FolderGone:
        return Ahead(None, trees, None)


def _checkout_of(workspace: Workspace, session: Session) -> Path | None:
    return next(iter(checkouts_of(workspace, session.branch)), None)


def _move_few(few: Few, commit: str) -> bool:
    """Whether the files of a worktree were moved by themselves: few differ, and nobody has changed these."""
    try:
        begun = few.begin(commit)
    finally:
        few.drop()
    moved = begun is not None and begun.result(ok=range(256)).code == 0
    reached("land-files-moved")
    return moved


def move_branch(workspace: Workspace, session: Session, old: str, new: str, ahead: Ahead) -> str | None:
    """Moves the branch as `merge --ff-only` would in its worktree; words where that is refused there.

    Where no file differs, whatever stands in the worktree and its index is left as it is.
    """
    try:
        require_free(workspace, session.branch)
    except Refused as error:
        return f"{session.name} is not brought along yet: {error.message}"
    top, same = ahead.top, ahead.trees[0] == ahead.trees[1]
    if top is None or same or (ahead.few is not None and _move_few(ahead.few, new)):
        update = RefUpdate(HEADS + session.branch, new, old)
        move_from(workspace, top, update, "ccc: go on after landing")
        return None
    try:
        Git(top).run("-c", "maintenance.auto=false", "merge", "--ff-only", "--quiet", new)
    except GitLocked as error:
        return f"{session.name} is not brought along yet: {error.message}; {error.hint}"
    except FolderGone:
        return move_branch(workspace, session, old, new, Ahead(None, ahead.trees, None))
    except GitFailed as error:
        return (
            f"{session.name} is not brought along yet, its worktree has changes in the way ({error.message})"
        )
    return None
