"""What can be adopted: a branch nobody has checked out, or a linked work tree made by hand, at rest."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from ccc.domain.sessions import Session
from ccc.errors import NotARepository, NotFound, Refused
from ccc.git import admins, worktrees
from ccc.git import repository as repositories
from ccc.git.command import Git
from ccc.git.folders import points_to
from ccc.git.worktrees import ADMIN_PREFIX, Worktree
from ccc.ops.actor import registered
from ccc.ops.observe import HEADS
from ccc.ops.workspace import Workspace
from ccc.records import dataclass


@dataclass(frozen=True)
class Found:
    """A branch (short name), its tip, and the work tree it is checked out in, if there is one."""

    branch: str
    tip: str
    tree: Worktree | None


def find_adoptable(workspace: Workspace, given: str, known: Sequence[Session]) -> Found:
    """The branch or work tree that is meant, if it can be adopted; a branch wins over a folder `given`.

    A path may lie anywhere in the work tree. Raises NotFound, Refused (somebody's already, not at rest).
    """
    branch = given.removeprefix(HEADS)
    tip = None if _is_path(given) else tip_of(workspace, branch)
    if tip is None:
        return _of_path(workspace, given, known)
    return _of_branch(workspace, branch, tip, known)


def tip_of(workspace: Workspace, branch: str) -> str | None:
    """The commit of a branch of exactly this name (`main~1` is none)."""
    ref = HEADS + branch
    return repositories.refs(workspace.git, ref).get(ref)


def _is_path(given: str) -> bool:
    return given in (".", "..") or given.startswith(("./", "../", "/")) or given.endswith("/")


def _of_path(workspace: Workspace, given: str, known: Sequence[Session]) -> Found:
    folder = workspace.directory / given
    if not folder.is_dir():
        raise _unknown(workspace, given)
    tree = _tree_at(workspace, folder, given)
    if tree.admin is None:
        raise Refused(f"{given} is in the main checkout, which stays yours", _one_of_these(workspace))
    admin = _admin(workspace, tree)
    _refuse_registered(workspace, tree, known)
    _refuse_restless(admin, tree.path)
    if tree.branch is None:
        raise Refused(
            f"{tree.path} is on no branch (detached HEAD)",
            f"give it one: git -C {shlex.quote(str(tree.path))} switch -c NAME",
        )
    branch = tree.branch.removeprefix(HEADS)
    tip = repositories.resolve(workspace.git, tree.branch)
    if tip is None:
        raise Refused(f"branch {branch} has no commit yet", "commit there first")
    return _of_branch(workspace, branch, tip, known)


def _of_branch(workspace: Workspace, branch: str, tip: str, known: Sequence[Session]) -> Found:
    _refuse_taken(workspace, branch, known)
    holders = [tree for tree in worktrees.listed(workspace.repository) if tree.branch == HEADS + branch]
    if not holders:
        _refuse_borrowed(workspace, branch)
        return Found(branch, tip, None)
    tree = _only(holders, branch)
    _refuse_registered(workspace, tree, known)
    _refuse_lost(workspace, tree, branch)
    if tree.locked is not None:
        why = f": {tree.locked}" if tree.locked else ""
        raise Refused(f"{tree.path} is locked{why}", f"git worktree unlock {shlex.quote(str(tree.path))}")
    admin = _admin(workspace, tree)
    _refuse_restless(admin, tree.path)
    _refuse_odd(admin, tree.path)
    return Found(branch, tip, tree)


def _unknown(workspace: Workspace, given: str) -> NotFound:
    remotes = sorted(repositories.refs(workspace.git, "refs/remotes"))
    for name in remotes:
        short = name.removeprefix("refs/remotes/")
        if given in (short, short.partition("/")[2]):
            branch = shlex.quote(short.partition("/")[2])
            hint = f"git branch {branch} {shlex.quote(short)}; then: git ccc adopt {branch}"
            return NotFound(f"there is no branch {given} here, only at a remote", hint)
    return NotFound(f"no branch and no worktree {given}", _one_of_these(workspace))


def _one_of_these(workspace: Workspace) -> str:
    """The next command: the first work tree that ccc did not make, else where to look."""
    for tree in worktrees.listed(workspace.repository):
        made_by_hand = tree.admin is not None and not _is_registered(workspace, tree)
        if made_by_hand and tree.branch is not None and tree.path.is_dir():
            return f"git ccc adopt {shlex.quote(tree.branch.removeprefix(HEADS))}"
    return "git branch and git worktree list show what there is"


def _is_registered(workspace: Workspace, tree: Worktree) -> bool:
    name = tree.admin or ""
    entry = workspace.layout.worktrees / name.removeprefix(ADMIN_PREFIX)
    return name.startswith(ADMIN_PREFIX) and registered(entry) is not None


def _tree_at(workspace: Workspace, folder: Path, given: str) -> Worktree:
    """The checkout of this repository around a folder. Raises NotFound, Refused (another repository's)."""
    try:
        there = repositories.discover(folder, {})
    except NotARepository as error:
        raise NotFound(f"{given} is in no worktree of this repository", _one_of_these(workspace)) from error
    if os.path.realpath(there.common) != os.path.realpath(workspace.repository.common):
        if Git(folder).text("rev-parse", "--show-superproject-working-tree"):
            raise Refused(f"{given} is a submodule, a repository of its own", "run git ccc there")
        raise Refused(f"{given} belongs to another repository", "run git ccc there")
    for tree in worktrees.listed(workspace.repository):
        if tree.admin == there.worktree_id:
            if there.top is None:
                raise NotFound(f"{given} is inside a git directory", _one_of_these(workspace))
            if tree.admin is not None and not points_to(
                _admin(workspace, tree) / "gitdir", there.top / ".git"
            ):
                raise _parted(there.top)
            return tree
    raise Refused(f"{given} is no worktree that git lists", "git worktree list")


def _admin(workspace: Workspace, tree: Worktree) -> Path:
    return workspace.repository.common / "worktrees" / (tree.admin or "")


def _refuse_taken(workspace: Workspace, branch: str, known: Sequence[Session]) -> None:
    """A branch has one session; that of a closed one comes back by `undo`. Names are recorded as text."""
    try:
        branch.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Refused("the name of that branch is not UTF-8 text", "git branch -m gives it one") from error
    for session in known:
        if session.branch != branch:
            continue
        if session.closed is None:
            raise Refused(f"{branch} is the branch of {session.name}", f"git ccc show {session.name}")
        backup = session.closed.backup
        here = session.where == workspace.replica
        if here and backup is not None and repositories.resolve(workspace.git, backup) is not None:
            raise Refused(
                f"{branch} is the branch of {session.name}, which is closed",
                f"git ccc undo {session.name} brings it back",
            )


def _refuse_registered(workspace: Workspace, tree: Worktree, known: Sequence[Session]) -> None:
    if not _is_registered(workspace, tree):
        return
    name = (tree.admin or "").removeprefix(ADMIN_PREFIX)
    if any(session.name == name for session in known):
        raise Refused(f"{tree.path} is the worktree of {name}", f"git ccc show {name}")
    raise Refused(f"{tree.path} is just being made into a session", "git ccc status")


def _only(holders: Sequence[Worktree], branch: str) -> Worktree:
    """The one work tree that has the branch, and is not the main one."""
    if len(holders) > 1:
        places = " and in ".join(str(each.path) for each in holders)
        raise Refused(f"{branch} is checked out in {places}", "git switch to another branch in all but one")
    if holders[0].admin is None:
        raise Refused(
            f"{branch} is checked out in the main checkout",
            f"git switch to another branch there; then: git ccc adopt {shlex.quote(branch)}",
        )
    return holders[0]


def _refuse_lost(workspace: Workspace, tree: Worktree, branch: str) -> None:
    """Refuses where folder and admin directory do not name each other; git can mend a move."""
    admin = _admin(workspace, tree)
    if points_to(tree.path / ".git", admin):
        return
    moved = worktrees.find_moved(workspace.repository, admin.name)
    if moved is None:
        raise Refused(
            f"the worktree of {branch} is not at {tree.path} any more",
            f"git worktree prune; then: git ccc adopt {shlex.quote(branch)}",
        )
    raise _parted(moved)


def _parted(top: Path) -> Refused:
    return Refused(
        f"{top} and the repository have lost each other", f"git worktree repair {shlex.quote(str(top))}"
    )


def _refuse_restless(admin: Path, path: Path) -> None:
    """Refuses while git, or a person in the middle of something, relies on things staying as they are."""
    operation = admins.going_on(admin)
    if operation is not None:
        raise Refused(f"a {operation} is going on in {path}", "finish it, or take it back, first")
    lock = admins.held_lock(admin)
    if lock is not None:
        raise Refused(f"git is at work in {path} ({lock.name})", f"wait; if nothing runs there: rm {lock}")


def _refuse_odd(admin: Path, path: Path) -> None:
    if admins.holds_modules(admin):
        raise Refused(
            f"{path} has submodules checked out, whose git directories lie in its own",
            "git submodule deinit --all there first",
        )
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError as error:
        raise Refused("the path of that worktree is not UTF-8 text", "git worktree move it") from error


def _refuse_borrowed(workspace: Workspace, branch: str) -> None:
    """A rebase or bisect has taken a work tree's HEAD off the branch and will move it."""
    admin = admins.busy_with(workspace.repository, HEADS + branch)
    if admin is not None:
        operation = admins.going_on(admin) or "bisect"
        raise Refused(
            f"a {operation} of {branch} is going on in another worktree", "finish it, or take it back, first"
        )
