"""What `spawn` says of a session it made."""

from __future__ import annotations

from ccc.ids import short
from ccc.ops.spawn import Spawned


def spawned_text(spawned: Spawned) -> str:
    """Name, id, branch, worktree, and how to begin."""
    session = spawned.session
    return "\n".join(
        [
            f"{session.name}  {short(session.id)}  ({session.alias})",
            f"  branch    {session.branch}, to land on {session.target}",
            f"  worktree  {session.worktree}",
            f"  brief     {session.worktree}/.ccc/sessions/{session.name}/brief.md",
            f"  begin     cd {session.worktree}",
        ]
    )
