"""Where a session's branch goes when its landing is undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ccc.domain import movements
from ccc.domain.canonical import Value
from ccc.domain.events import Draft
from ccc.domain.sessions import Landed, Session
from ccc.domain.undone import Undone
from ccc.errors import Refused
from ccc.git import history
from ccc.git import repository as repositories
from ccc.git.repository import RefUpdate
from ccc.ids import short_oid
from ccc.ops.landing.again import move_on, way_again
from ccc.ops.landing.checkouts import bring_along, checkouts_of, move_from, require_clean, require_free
from ccc.ops.landing.lacking import base_of
from ccc.ops.observe import HEADS
from ccc.ops.undoings import MOVED_BACK, REVERTED, Undoing, WayBack
from ccc.ops.workspace import Workspace
from ccc.store.crashpoints import reached

DONE, HOW = "done", "undo"
"""The claim of a session that reported done before its landing was undone, and how that is known."""


def way_of(
    workspace: Workspace, session: Session, landed: Landed, undoing: Undoing
) -> tuple[WayBack | None, str | None]:
    """Where the branch goes when the target does what `undoing` says; words of what is worth saying."""
    if undoing.how == MOVED_BACK:
        return way_back(workspace, session, landed)
    if not history.is_ancestor(workspace.git, landed.commit, undoing.new):
        return None, None
    return way_again(workspace, session, landed, undoing.old, undoing.new)


def way_back(workspace: Workspace, session: Session, landed: Landed) -> tuple[WayBack | None, str | None]:
    """The session's branch goes back where nothing was done on it since the landing; else words why not."""
    tip = repositories.resolve(workspace.git, HEADS + session.branch)
    if landed.advanced is None or tip == landed.head:
        return None, None
    if tip != landed.advanced:
        return None, f"{session.branch} has gone on since the landing and stays as it is"
    tops = checkouts_of(workspace, session.branch)
    try:
        require_free(workspace, session.branch)
        for top in tops:
            require_clean(workspace, top, landed.advanced, landed.head)
    except Refused as error:
        return None, f"{session.branch} stays at {short_oid(landed.advanced)}: {error.message}"
    return WayBack(landed.advanced, landed.head, tuple(str(top) for top in tops)), None


def move(workspace: Workspace, session: Session, undoing: Undoing) -> list[str]:
    """Moves the branch and its checkouts; may be repeated. Words where a checkout could not follow."""
    back = undoing.back
    if back is None:
        return []
    if undoing.how != MOVED_BACK:
        return move_on(workspace, session, back)
    try:
        require_free(workspace, session.branch)
    except Refused as error:
        return [f"{session.branch} stays at {short_oid(back.old)}: {error.message}"]
    ref = HEADS + session.branch
    if repositories.resolve(workspace.git, ref) == back.old:
        top = next((Path(top) for top in back.tops if Path(top).is_dir()), None)
        move_from(workspace, top, RefUpdate(ref, back.new, back.old), "ccc: landing undone")
        reached("undo-branch-moved")
    return [words for top in back.tops for words in bring_along(workspace, Path(top), back.old, back.new)]


def after(workspace: Workspace, session: Session, undoing: Undoing) -> tuple[dict[str, Value], str]:
    """What is recorded of the session, and where its branch is."""
    own: dict[str, Value] = {"landed": None, "undone": None}
    landed, back = session.landed, undoing.back
    tip = repositories.resolve(workspace.git, HEADS + session.branch) or session.head
    has_moved = back is not None and tip == back.new
    if has_moved:
        own["head"] = tip
    taken_back = undoing.how != MOVED_BACK and history.is_ancestor(workspace.git, undoing.commit, undoing.new)
    if landed is not None and taken_back:
        by = undoing.new if undoing.how == REVERTED else None
        again = tip if has_moved else None
        base = base_of(workspace, landed)
        own["undone"] = Undone(landed.commit, base, landed.target, by, again, tip).value
    return own, tip


def claimed(session: Session, landed: Landed, undoing: Undoing, tip: str) -> Sequence[Draft]:
    """What was reported done before is so still where ccc has moved the branch; checks are run there anew."""
    claim, back = session.claim, undoing.back
    stood = back.old if back is not None and tip == back.new else tip
    if claim is None or claim.state != DONE or claim.commit == tip:
        return ()
    if claim.commit != stood and (claim.commit != landed.head or stood != landed.advanced):
        return ()
    return (replace(movements.claim(session, DONE, tip, how=HOW, why=""), by=undoing.by),)
