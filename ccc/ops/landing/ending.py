"""Ending what goes on for a landing: its gates, or a landing that was interrupted."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress

from ccc.errors import NotFound, Refused, StoreBusy, TimedOut
from ccc.ops import intents
from ccc.ops.find import find_all
from ccc.ops.landing import running
from ccc.ops.landing.approve import drop
from ccc.ops.landing.land import finish
from ccc.ops.look import look
from ccc.ops.workspace import Workspace
from ccc.store.lock import locked


def abort(workspace: Workspace) -> str:
    """Finishes a landing whose target has moved, forgets one whose target has not; says which.

    Raises NotFound where no landing was interrupted.
    """
    with locked(workspace.layout.root / intents.LAND_LOCK):
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


END_SECONDS = 20.0
"""How long a worker has to notice, and to end a gate that does not want to."""


def abort_gates(workspace: Workspace, references: Sequence[str]) -> str:
    """Takes sessions out of the queue and waits until none of their gates runs; says which. A `merge` or
    `approve` that waits for one gives up.

    What a killed worker left of any gate is ended, too. Raises NotFound, Refused where one is not queued and
    nothing of it runs, TimedOut.
    """
    sessions = find_all(references, look(workspace).sessions)
    wanted = {each.id for each in sessions}
    waited_for = {
        name: ids for name, ids in running.wishes(workspace.layout).items() if not wanted.isdisjoint(ids)
    }
    for session in sessions:
        try:
            drop(workspace, session)
        except Refused:
            if not waited_for:
                raise
    for name, (first, *_) in waited_for.items():
        (running.deny if first in wanted else running.granted)(workspace.layout, name)
    with suppress(StoreBusy), locked(workspace.layout.gate_lock, 0):
        running.clear(workspace.layout)
    until = time.monotonic() + END_SECONDS
    while any(each.session in wanted for each in running.all_running(workspace.layout)):
        if time.monotonic() > until:
            raise TimedOut("a gate does not end", "try again")
        time.sleep(0.05)
    return f"no gate of {', '.join(each.name for each in sessions)} runs, and the queue is without it"
