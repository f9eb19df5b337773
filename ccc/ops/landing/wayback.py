"""Where a session's branch goes when its landing is undone."""

from __future__ import annotations

from pathlib import Path

from ccc.domain.sessions import Landed, Session
from ccc.errors import Refused
from ccc.git import repository as repositories
from ccc.git.command import Git
from ccc.git.repository import RefUpdate
from ccc.ids import short_oid
from ccc.ops.landing.checkouts import bring_along, checkouts_of, require_clean
from ccc.ops.observe import HEADS
from ccc.ops.undoings import WayBack
from ccc.ops.workspace import Workspace
from ccc.store.crashpoints import reached


def way_back(workspace: Workspace, session: Session, landed: Landed) -> tuple[WayBack | None, str | None]:
    """The session's branch goes back where nothing was done on it since the landing; else words why not."""
    tip = repositories.resolve(workspace.git, HEADS + session.branch)
    if landed.advanced is None or tip == landed.head:
        return None, None
    if tip != landed.advanced:
        return None, f"{session.branch} has gone on since the landing and stays as it is"
    tops = checkouts_of(workspace, session.branch)
    try:
        for top in tops:
            require_clean(workspace, top, landed.advanced, landed.head)
    except Refused as error:
        return None, f"{session.branch} stays at {short_oid(landed.advanced)}: {error.message}"
    return WayBack(landed.advanced, landed.head, tuple(str(top) for top in tops)), None


def move_branch_back(workspace: Workspace, session: Session, back: WayBack) -> list[str]:
    """Moves the branch and its checkouts; may be repeated. Words where a checkout could not follow."""
    ref = HEADS + session.branch
    if repositories.resolve(workspace.git, ref) == back.old:
        top = next((Path(top) for top in back.tops if Path(top).is_dir()), None)
        git = workspace.git if top is None else Git(top)  # from there, so that its own log says so
        repositories.update_refs(git, [RefUpdate(ref, back.new, back.old)], "ccc: landing undone")
        reached("undo-branch-moved")
    return [words for top in back.tops for words in bring_along(workspace, Path(top), back.old, back.new)]


def is_back(workspace: Workspace, session: Session, back: WayBack) -> bool:
    """Whether the branch has gone that way."""
    return repositories.resolve(workspace.git, HEADS + session.branch) == back.new
