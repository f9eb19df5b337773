"""Everything that can be done for a landing before a person decides: checks, queue, gate."""

from __future__ import annotations

from collections.abc import Callable

from ccc.ops import work
from ccc.ops.find import find
from ccc.ops.landing import gate as gates
from ccc.ops.landing.approve import queue
from ccc.ops.landing.review import Review, review
from ccc.ops.look import look
from ccc.ops.verify import could_not_be_read, needs_checks, verify
from ccc.ops.workspace import Workspace

CHECKS_TIMEOUT = 3600.0
"""Seconds to wait for another process's checks to end."""


def prepare(
    workspace: Workspace, reference: str, *, tell: Callable[[str], None], queued: bool = True
) -> Review:
    """Runs the checks and the gate that are still missing, puts the session into the queue, and shows it.

    `tell` is given one line for each long piece of work. Raises what `review` raises.
    """
    workspace.store.drain()
    sessions = look(workspace).sessions
    session = find(reference, sessions)
    if needs_checks(session):
        tell(f"running the checks of {session.name} ...")
        work.check_all(workspace, timeout=CHECKS_TIMEOUT)
    elif could_not_be_read(session):
        tell(f"looking for the checks of {session.name} again ...")
        verify(workspace, session)
    shown = review(workspace, session.id)
    if shown.session.landed_head or shown.session.closed is not None or shown.combined.nothing:
        return shown
    if queued:
        queue(workspace, shown.session)
    if shown.gate is None and shown.has_gate and shown.combined.tree is not None:
        tell(f"running the gate of {shown.combined.target} on the combined tree ...")
        gates.gate(workspace, shown.combined)
    return review(workspace, session.id)
