"""What `spawn` says of a session it made."""

from __future__ import annotations

import shlex

from ccc.ids import short
from ccc.ops.spawn import Spawned
from ccc.text import printable


def spawned_text(spawned: Spawned) -> str:
    """Name, id, branch, worktree, and how to begin."""
    session = spawned.session
    begin = f"begin     cd {shlex.quote(session.worktree or '.')}"
    if session.engine is not None:
        begin = f"follow    git ccc output {session.name} -f"
    lines = [
        f"{session.name}  {short(session.id)}  ({session.alias})",
        f"  branch    {session.branch}, to land on {session.target}",
        f"  worktree  {session.worktree}",
        f"  brief     {session.worktree}/.ccc/sessions/{session.name}/brief.md",
        *([f"  queued    {spawned.waits}"] if spawned.waits else []),
        *([f"  after     {spawned.stands}"] if spawned.stands else []),
        f"  {begin}",
    ]
    return "\n".join(printable(line) for line in lines)
