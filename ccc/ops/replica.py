"""The persistent name of this copy of the repository, and how it is found again when its file is lost."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

from ccc.domain.sessions import Session
from ccc.git import repository as repositories
from ccc.git.configuring import configure
from ccc.ops.actor import ADMIN_PREFIX, registered
from ccc.ops.leftovers import points_to
from ccc.ops.observe import all_sessions
from ccc.ops.workspace import Workspace
from ccc.platform.files import write_whole
from ccc.store.lock import locked
from ccc.store.reader import GitReader

KEY = "ccc.replica"
"""The second copy, in the common configuration: no clone takes it along."""

_NAME = re.compile(r"[0-9a-f]{16}\Z")


def settle(workspace: Workspace) -> str | None:
    """Makes sure that the name is there, in both places; a name found again, None where none was lost.

    Without it every session here would be another machine's. Raises StateBroken.
    """
    layout, found = workspace.layout, None
    with locked(layout.lock):
        if not layout.replica.exists():
            found = _configured(workspace) or _of_a_session(workspace)
            write_whole(layout.replica, (found or secrets.token_hex(8)) + "\n")
        if _configured(workspace) != workspace.replica:
            configure(workspace.git, "--local", "--replace-all", KEY, workspace.replica)
    return found


def renew(workspace: Workspace) -> str:
    """Gives this copy a new name, in both places; that name. What was opened under the old one is let go."""
    layout, name = workspace.layout, secrets.token_hex(8)
    configure(workspace.git, "--local", "--replace-all", KEY, name)
    write_whole(layout.replica, f"{name}\n")
    reopen(workspace)
    return name


def reopen(workspace: Workspace) -> None:
    """Lets go what was opened under an old name."""
    for opened in ("replica", "observer", "reader", "store"):
        workspace.__dict__.pop(opened, None)


def forget(workspace: Workspace) -> None:
    """Takes the second copy away."""
    configure(workspace.git, "--local", "--unset-all", KEY, ok=(0, 5))


def _configured(workspace: Workspace) -> str | None:
    name = repositories.config(workspace.repository, KEY)
    return name if name is not None and _NAME.match(name) else None


def _of_a_session(workspace: Workspace) -> str | None:
    """Where the youngest session says it is whose worktree is here."""
    reader = GitReader(workspace.layout, workspace.git)
    try:
        found = [
            each.where for each in all_sessions(reader.state()) if each.where and _is_here(workspace, each)
        ]
    finally:
        reader.close()
    return found[-1] if found else None


def _is_here(workspace: Workspace, session: Session) -> bool:
    admin = workspace.repository.common / "worktrees" / f"{ADMIN_PREFIX}{session.name}"
    entry = workspace.layout.worktrees / session.name
    known = entry.exists() and registered(entry) == session.id
    return known or points_to(Path(session.worktree or "/nonexistent") / ".git", admin)
