"""The order in which queued sessions would land."""

from __future__ import annotations

from ccc.domain import landings
from ccc.ops.landing.review import Review, review
from ccc.ops.look import look
from ccc.ops.workspace import Workspace


def queue_order(workspace: Workspace) -> tuple[str, ...]:
    """Ids of what is queued: by target, then higher priority, then earlier."""
    picture = look(workspace)
    waiting = []
    for session in picture.sessions:
        entry = landings.from_cells(session.id, picture.state.stream(landings.stream_of(session.id)))
        if entry.queued_at is not None and session.closed is None:
            waiting.append((session.target, -entry.priority, entry.queued_at, session.id))
    return tuple(identifier for *_, identifier in sorted(waiting))


def entry(workspace: Workspace, reference: str) -> Review:
    """What stands for and against one landing, as of now."""
    return review(workspace, reference)
