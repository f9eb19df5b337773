"""The order in which queued sessions would land."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ccc.domain import landings
from ccc.ops.landing.review import Review, review
from ccc.ops.look import look
from ccc.ops.workspace import Workspace


def queue_order(workspace: Workspace) -> tuple[str, ...]:
    """Ids of what is queued: by target, then higher priority, then earlier; behind what it builds on."""
    picture = look(workspace)
    waiting = []
    for session in picture.sessions:
        entry = landings.from_cells(session.id, picture.state.stream(landings.stream_of(session.id)))
        if entry.queued_at is not None and session.closed is None:
            waiting.append((session.target, -entry.priority, entry.queued_at, session.id))
    after = {session.id: session.after for session in picture.sessions}
    return _after_their_grounds([identifier for *_, identifier in sorted(waiting)], after)


def done(workspace: Workspace) -> tuple[str, ...]:
    """Ids of every session that could be queued: checked, or with nothing to be checked by, oldest first."""
    ready = [each for each in look(workspace).sightings if each.view.status in ("verified", "unchecked")]
    return tuple(
        each.session.id for each in sorted(ready, key=lambda each: (each.view.since, each.session.id))
    )


def _after_their_grounds(order: Sequence[str], after: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The same order, but each behind those of the queue that it waited for."""
    found: dict[str, None] = {}

    def take(identifier: str, above: frozenset[str]) -> None:
        for awaited in after.get(identifier, ()):
            if awaited in order and awaited not in above:
                take(awaited, above | {identifier})
        found.setdefault(identifier)

    for identifier in order:
        take(identifier, frozenset({identifier}))
    return tuple(found)


def entry(workspace: Workspace, reference: str) -> Review:
    """What stands for and against one landing, as of now."""
    return review(workspace, reference)
