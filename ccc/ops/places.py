"""Where the worktree of a session is: where it is recorded to be, moved, or gone; and what helps then."""

from __future__ import annotations

import shlex
from pathlib import Path

from ccc.domain.sessions import Session
from ccc.domain.status import NOTHING, StatusView
from ccc.git import relocated, worktrees
from ccc.git.heads import ADMIN_PREFIX
from ccc.ops.workspace import Workspace

ASIDE = "."
"""How the names of folders begin that a closing is about to delete, or a spawn has not put in place yet."""

JOIN = "git ccc doctor --fix"


def is_there(session: Session) -> bool:
    """Whether a worktree is where the session's is recorded to be."""
    return session.worktree is not None and (Path(session.worktree) / ".git").exists()


def moved_to(workspace: Workspace, session: Session) -> Path | None:
    """Where the worktree is that is not where it was: moved by hand, or together with the repository.

    None where it is at its place, or not to be found: deleted, or taken far away.
    """
    admin = workspace.repository.common / "worktrees" / f"{ADMIN_PREFIX}{session.name}"
    if is_there(session) or not admin.is_dir():
        return None
    recorded = None if session.worktree is None else Path(session.worktree)
    found = relocated.moved_with(workspace.repository, admin, recorded)
    found = found or worktrees.find_moved(workspace.repository, admin.name)
    return None if found is None or found.name.startswith(ASIDE) else found


def is_gone(workspace: Workspace, session: Session) -> bool:
    """Whether the worktree is neither where it was nor to be found elsewhere."""
    return not is_there(session) and moved_to(workspace, session) is None


def gone_or_moved(workspace: Workspace, session: Session) -> tuple[str, str]:
    """In words what is the matter with a worktree that is not where it was, and the command that helps."""
    place = moved_to(workspace, session)
    if place is not None:
        return f"the worktree of {session.name} was moved to {place}", JOIN
    return f"the worktree of {session.name} is gone", f"git ccc close {session.name}"


def repair_of(workspace: Workspace, session: Session, view: StatusView) -> tuple[str, str] | None:
    """What is gone of a session, in words, and the command that helps; None where all is there."""
    gone = next((each.what for each in view.evidence if each.source == "ref"), None)
    if gone is not None:
        return gone, f"git branch {shlex.quote(session.branch)} {session.head}"
    if any(each.source == "worktree" and each.what.startswith(NOTHING) for each in view.evidence):
        return gone_or_moved(workspace, session)
    return None
