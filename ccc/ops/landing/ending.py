"""Ending a landing that was interrupted."""

from __future__ import annotations

from ccc.errors import NotFound
from ccc.ops import intents
from ccc.ops.landing.land import LAND_LOCK, finish
from ccc.ops.workspace import Workspace
from ccc.store.lock import locked


def abort(workspace: Workspace) -> str:
    """Finishes a landing whose target has moved, forgets one whose target has not; says which.

    Raises NotFound where no landing was interrupted.
    """
    with locked(workspace.layout.root / LAND_LOCK):
        intent = intents.read(workspace.layout)
        if intent is None:
            raise NotFound("no landing was interrupted", "git ccc queue")
        before = workspace.reader.tip()
        finish(workspace)
        finished = workspace.reader.tip() != before
    return (
        "the interrupted landing is complete"
        if finished
        else "the interrupted landing is dropped, nothing landed"
    )
