"""Who is in the queues, as recorded."""

from __future__ import annotations

from ccc.domain import landings
from ccc.domain.landings import Entry
from ccc.ops.look import Picture


def entries(picture: Picture) -> dict[str, Entry]:
    """The entries of all queues, by session."""
    found = {}
    for session in picture.sessions:
        if session.closed is None:
            entry = landings.from_cells(session.id, picture.state.stream(landings.stream_of(session.id)))
            if entry.queued_at is not None:
                found[session.id] = entry
    return found
