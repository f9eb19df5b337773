"""Where the person's own files are: settings and roles being edited, files to copy into worktrees."""

from __future__ import annotations

from pathlib import Path

from ccc.ops.workspace import Workspace

SESSION_ADMIN, SCRATCH_ADMIN, RESOLVE_ADMIN = "ccc-", "cccscratch-", "cccresolve-"
"""How the admin directories of worktrees made by ccc begin."""


def desk_of(workspace: Workspace) -> Path | None:
    """The top of the main checkout; in a bare repository of the worktree at hand.

    None in the bare repository itself, and in worktrees made by ccc there: what lies in a session's decides
    nothing (CONTRACT §6).
    """
    repository = workspace.repository
    if workspace.checkout is not None or repository.worktree_id is None:
        return workspace.checkout
    admin = repository.worktree_id
    entry = workspace.layout.worktrees / admin.removeprefix(SESSION_ADMIN)
    of_session = admin.startswith(SESSION_ADMIN) and entry.exists()
    return None if of_session or admin.startswith((SCRATCH_ADMIN, RESOLVE_ADMIN)) else repository.top
