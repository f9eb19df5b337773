"""Whether there is anything for the radar to look at: asked at every turn of whoever stays."""

from __future__ import annotations

from ccc.git import heads
from ccc.ids import digest
from ccc.ops.observe import HEADS
from ccc.ops.radar import present, worktrees
from ccc.ops.radar.tips import active
from ccc.ops.workspace import Workspace
from ccc.runs import lookout


def is_noted(workspace: Workspace) -> bool:
    """Whether the lookout has noted something that no round has looked at; two stats."""
    due = lookout.due(workspace.layout)
    return due != present.looked_at(workspace.layout) and not (workspace.layout.radar / lookout.OFF).exists()


def look_after(workspace: Workspace) -> bool:
    """A round, where something has moved since the last one; whether there was one."""
    if not (workspace.layout.radar / lookout.OFF).exists() and not is_due(workspace):
        return False
    from ccc.ops.radar.check import check  # 30 ms, where something has moved

    return check(workspace) is not None


def is_due(workspace: Workspace) -> bool:
    """Whether something has moved that no round has looked at; False where the radar is off."""
    if (workspace.layout.radar / lookout.OFF).exists() or worktrees.folder(workspace.layout) is None:
        return False
    return is_noted(workspace) or present.read(workspace.layout).positions != positions_of(workspace)


def positions_of(workspace: Workspace) -> str:
    """Changes when a branch of an active session or of a target moves, or a session comes or goes."""
    refs = heads.branches(workspace.git, workspace.repository.common)
    rows = [
        f"{session.id} {tip} {refs[HEADS + session.target]} {worktrees.on_disk(workspace, session)}"
        for session, tip in active(workspace, workspace.reader.state(), refs)
    ]
    return digest("sha256", "\n".join(rows).encode("utf-8", "surrogateescape"))
