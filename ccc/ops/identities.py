"""Git identities of session worktrees: `<user> (<role>)`, the user's own mail."""

from __future__ import annotations

import json
from pathlib import Path

from ccc.git import hookfiles
from ccc.git import repository as repositories
from ccc.git.hookfiles import SessionIdentity
from ccc.ops.workspace import Workspace
from ccc.store.lock import locked


def author_name(user: str, role: str) -> str:
    """How a specialist signs its commits (CONTRACT §1)."""
    return f"{user} ({role})"


def write(workspace: Workspace) -> None:
    """Rewrites the included git configuration from the entries of the session worktrees."""
    found = repositories.identity(workspace.repository)
    user = found[0] if found else None
    with locked(workspace.layout.lock):
        identities = []
        for entry in sorted(workspace.layout.worktrees.iterdir()):
            role = _role(entry)
            if role and user:
                identities.append(SessionIdentity(entry.name, author_name(user, role)))
        hookfiles.write_gitconfig(workspace.repository.common, identities)


def _role(entry: Path) -> str | None:
    """The role on an entry's second line; None for one that is just being written or taken away."""
    try:
        _, _, rest = entry.read_text(encoding="utf-8").partition("\n")
    except FileNotFoundError:
        return None
    if not rest.endswith("\n"):
        return None
    role = json.loads(rest).get("role")
    return role if isinstance(role, str) else None
