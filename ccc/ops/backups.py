"""Backups of session worktrees: `refs/ccc-backup/<name>/<UTC time>`, made before anything is taken away."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from ccc.domain.sessions import Session
from ccc.errors import Refused
from ccc.git import repository as repositories
from ccc.git import snapshot, worktrees
from ccc.git.command import Git
from ccc.git.repository import RefMoved, RefUpdate
from ccc.ids import short_oid
from ccc.ops import places
from ccc.ops.actor import ADMIN_PREFIX
from ccc.ops.leftovers import points_to
from ccc.ops.observe import HEADS
from ccc.ops.workspace import Workspace
from ccc.records import dataclass

BACKUPS = "refs/ccc-backup/"
ATTEMPTS = 100
UNFINISHED = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")
SHOWN = 3


@dataclass(frozen=True)
class Backup:
    """What is kept of a session: `ref` names the snapshot, the rest as in `Closed`."""

    ref: str | None
    tip: str | None
    head: str | None
    on: str | None


def place_of(workspace: Workspace, session: Session) -> Path | None:
    """The folder that provably is the session's worktree, wherever it was moved; None where there is none."""
    admin = admin_of(workspace, session)
    for path in known_places(workspace, session):
        if points_to(path / ".git", admin) or _repaired(workspace, path, admin):
            return path
    return None


def known_places(workspace: Workspace, session: Session) -> list[Path]:
    """Where the worktree is, was or may be: as git has it, as recorded, and where both were moved to."""
    name = admin_of(workspace, session).name
    found = [tree.path for tree in worktrees.listed(workspace.repository) if tree.admin == name]
    recorded = [Path(session.worktree)] if session.worktree else []
    moved = places.moved_to(workspace, session)
    return list(dict.fromkeys([*found, *recorded, *([] if moved is None else [moved])]))


def admin_of(workspace: Workspace, session: Session) -> Path:
    """Where git keeps its record of the session's worktree."""
    return workspace.repository.common / "worktrees" / f"{ADMIN_PREFIX}{session.name}"


def forget_admin(workspace: Workspace, session: Session) -> None:
    """Takes git's record of a worktree away that is not there any more."""
    shutil.rmtree(admin_of(workspace, session), ignore_errors=True)


def _repaired(workspace: Workspace, path: Path, admin: Path) -> bool:
    """Mends the two pointers after the repository or the worktree was moved as a whole."""
    if not (path / ".git").is_file() or not admin.is_dir():
        return False
    if not (path / ".git").read_text(encoding="utf-8", errors="replace").strip().endswith(f"/{admin.name}"):
        return False
    workspace.git.run("worktree", "repair", str(path), ok=range(256))
    return points_to(path / ".git", admin)


def keep(
    workspace: Workspace, session: Session, place: Path | None, *, ignored: bool, remarks: list[str]
) -> Backup:
    """Keeps the worktree as it is now; a second time only what has changed since.

    Without a worktree the branch's tip, or the last commit known. Raises Refused for a repository inside
    the worktree: it cannot be kept, and it would be lost.
    """
    git = workspace.git
    tip = repositories.resolve(git, HEADS + session.branch)
    last = tip or repositories.resolve(git, session.head)
    commit: str | None
    head: str | None
    if place is None:
        where = f"nothing at {session.worktree}" if session.worktree else "it has no worktree"
        remarks.append(f"{where}: what was not committed there could not be backed up")
        commit = head = last
        on: str | None = HEADS + session.branch
    else:
        git_there = Git(place)
        head, on = repositories.resolve(git_there, "HEAD"), _branch_of(git_there)
        if head is None:
            remarks.append(_no_commit(session, on, last))
            head, on = last, HEADS + session.branch
        commit = _snapshot(session, place, head, ignored=ignored, remarks=remarks)
    ref = None if commit is None else _named(workspace, session, commit)
    return Backup(ref, tip, head, on)


def _branch_of(git: Git) -> str | None:
    return git.run("symbolic-ref", "--quiet", "HEAD", ok=(0, 1)).text or None


def _no_commit(session: Session, on: str | None, last: str | None) -> str:
    """What cannot be kept of a worktree whose HEAD names no commit, and what is."""
    branch = (on or "HEAD").removeprefix(HEADS)
    what = (
        f"branch {branch} was deleted" if branch == session.branch else f"branch {branch} had no commit yet"
    )
    if last is None:
        return f"{what}, and its last commit is not there any more: only files are kept"
    return f"{what}: files are kept on top of the session's last commit known, {short_oid(last)}"


def _snapshot(
    session: Session, place: Path, head: str | None, *, ignored: bool, remarks: list[str]
) -> str | None:
    git = Git(place)
    admin = Path(git.text("rev-parse", "--absolute-git-dir"))
    if any((admin / name).exists() for name in UNFINISHED):
        remarks.append("a merge or rebase was going on there: its files are kept, its state is not")
    taken = snapshot.take(place, ignored=ignored, unborn=head)
    if taken is None:
        return head
    repositories_inside = [path for path in taken.skipped if path.startswith('"') or (place / path).is_dir()]
    if repositories_inside:
        more = " and others" if len(repositories_inside) > SHOWN else ""
        raise Refused(
            f"{session.name} holds git repositories of their own, which cannot be backed up: "
            f"{', '.join(repositories_inside[:SHOWN])}{more}",
            f"move them out of {place}, then close again",
        )
    if taken.skipped:
        remarks.append(f"not kept, neither files nor links: {', '.join(taken.skipped[:SHOWN])}")
    return taken.commit


def _named(workspace: Workspace, session: Session, commit: str) -> str:
    """The ref of the snapshot: a new one, or the session's youngest where that holds the same."""
    git = workspace.git
    earlier = repositories.refs(git, f"{BACKUPS}{session.name}/")
    state = _state(git, commit)
    for name in sorted(earlier, reverse=True):
        if _state(git, earlier[name]) == state:
            return name
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    for number in range(1, ATTEMPTS):
        name = f"{BACKUPS}{session.name}/{stamp}" + (f"-{number}" if number > 1 else "")
        try:
            repositories.update_refs(git, [RefUpdate(name, commit, None)], "ccc: backup")
        except RefMoved:
            continue
        return name
    raise Refused(f"no free name for a backup of {session.name}", "try again")


def _state(git: Git, commit: str) -> tuple[str, ...]:
    """What a snapshot holds, whenever it was taken: its tree, HEAD and the tree of the index."""
    tree, parents = git.text("log", "-1", "--format=%T%x00%P", commit).split("\0")
    oids = parents.split()
    if not is_snapshot(git, commit):
        return (tree, commit, tree)
    return (tree, oids[0], git.text("rev-parse", f"{oids[1]}^{{tree}}"))


def is_snapshot(git: Git, commit: str) -> bool:
    """Whether the commit holds uncommitted work, and is not just the HEAD that a clean worktree stood on."""
    subject, mail, parents = git.text("log", "-1", "--format=%s%x00%ae%x00%P", commit).split("\0")
    ours = subject.startswith("Work tree") and mail == snapshot.WHO["GIT_AUTHOR_EMAIL"]
    return ours and len(parents.split()) == 2
