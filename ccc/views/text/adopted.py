"""What `adopt` says of a session it made of somebody's branch or worktree."""

from __future__ import annotations

import shlex

from ccc.ids import short, short_oid
from ccc.ops.adopt import Adopted
from ccc.text import printable


def adopted_text(adopted: Adopted) -> str:
    """Name, id, branch, worktree, how to go on, and what closing will do to them."""
    session = adopted.session
    place = "as it was" if adopted.by_hand else "made now"
    lines = [
        f"{session.name}  {short(session.id)}  ({session.alias})",
        f"  branch    {session.branch} at {short_oid(session.head)}, to land on {session.target}",
        f"  worktree  {session.worktree}  ({place})",
        f"  brief     git ccc show {session.name} --brief",
        f"  go on     cd {shlex.quote(session.worktree or '.')}",
        *(
            [f'  claude    claude --settings "$(git ccc hook settings {session.name})"']
            if adopted.by_hand
            else []
        ),
        f"  or        git ccc start {session.name}",
        f"  note      git ccc close {session.name} backs this worktree up and takes it away; the branch",
        f"            goes, too, once {session.target} contains it, and git ccc undo brings both back",
    ]
    return "\n".join(printable(line) for line in lines)
