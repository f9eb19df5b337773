"""The worktree of a session follows its branch after a landing, as `git merge --ff-only` would do it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ccc.domain.sessions import Session
from ccc.errors import FolderGone, GitFailed, GitLocked, Refused
from ccc.git import bringing
from ccc.git import repository as repositories
from ccc.git.bringing import Few, begin_few
from ccc.git.command import Begun, Git
from ccc.git.repository import RefUpdate, index_of
from ccc.ops.landing.checkouts import checkouts_of, move_from, require_free
from ccc.ops.landing.combine import advance_tree, tree_of
from ccc.ops.landing.review import Review
from ccc.ops.observe import HEADS
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.store.crashpoints import reached

Trees = tuple[str, str]

GOES_ON = "ccc: go on after landing"


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


def _begun(few: Few, commit: str) -> Begun | None:
    """Has the files of a worktree moved by themselves, where few differ, and nobody has changed these."""
    try:
        return few.begin(commit)
    except FolderGone:
        return None


def _is_moved(files: Begun) -> bool:
    moved = files.result(ok=range(256)).code == 0
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
    git = workspace.git if top is None else Git(top)
    files = None if same or ahead.few is None else _begun(ahead.few, new)
    if top is None or same or files is not None:
        with repositories.ready_to_move(git, GOES_ON) as ready:
            if files is None or _is_moved(files):
                move_from(workspace, top, RefUpdate(HEADS + session.branch, new, old), GOES_ON, ready)
                return None
    try:
        git.run("-c", "maintenance.auto=false", "merge", "--ff-only", "--quiet", new)
    except GitLocked as error:
        return f"{session.name} is not brought along yet: {error.message}; {error.hint}"
    except FolderGone:
        return move_branch(workspace, session, old, new, Ahead(None, ahead.trees, None))
    except GitFailed as error:
        return (
            f"{session.name} is not brought along yet, its worktree has changes in the way ({error.message})"
        )
    return None
