"""The background drain, started by commands that themselves only read."""

from __future__ import annotations

from operator import attrgetter

from ccc.ops.look import Picture, Sighting
from ccc.ops.mail import messages_of
from ccc.ops.workspace import Workspace
from ccc.runs import drain
from ccc.runs.files import SessionFiles
from ccc.store.states import Overlaid

DRAIN_LOCK = "drain.lock"


def start_if_due(workspace: Workspace, picture: Picture) -> bool:
    """Starts the drain where facts or checks wait and nobody works on them; whether it did."""
    if any(map(_is_unattended, picture.sightings)):
        from ccc.runs import watcher  # where a host was killed only

        return watcher.call(workspace.layout)
    due = is_due(workspace, picture)
    if due:
        drain.wake(workspace.layout)
    return due


def is_due(workspace: Workspace, picture: Picture) -> bool:
    """Whether something waits to be recorded or checked here, and no process of ours is at it.

    Sessions whose host is gone are no matter of this: checks that run for minutes, or a drain that lingers,
    are nothing for them to wait for.
    """
    layout = workspace.layout
    waits = isinstance(picture.state, Overlaid) or any(
        _is_unchecked(workspace, sighting) or _is_queued(workspace, sighting)
        for sighting in picture.sightings
    )
    due = waits or _ready(workspace, picture) or _has_mail(workspace, picture)
    return (due or _has_gates(workspace, picture)) and not any(
        drain.held(lock) for lock in (layout.root / DRAIN_LOCK, layout.worker_lock)
    )


def _has_gates(workspace: Workspace, picture: Picture) -> bool:
    """Whether a gate is to be run, and no process is at it."""
    entries = picture.state.streams("merges").values()
    if not any("queued" in cells and cells["queued"][1] is not None for cells in entries):
        return False
    from ccc.ops.landing import calling  # where something is queued only

    return calling.is_due(workspace, picture)


def _has_mail(workspace: Workspace, picture: Picture) -> bool:
    """Whether mail waits for an agent at rest: its sender died, or could not take it up."""
    rest = {each.session.id for each in picture.sightings if _is_at_rest(workspace, each)}
    if not rest:
        return False
    from ccc.runs import handed  # where an agent is at rest only

    return any(
        each.waits
        and each.to in rest
        and each.sender != "ccc"
        and handed.visitor(SessionFiles.of(workspace.layout, each.to)) is None
        for each in messages_of(picture.state)
    )


def _is_at_rest(workspace: Workspace, sighting: Sighting) -> bool:
    life, session = sighting.life, sighting.session
    if life is None or life.ending is None or life.host is not None or session.closed is not None:
        return False
    return life.ending.status == "idle" and session.where == workspace.replica


def _is_unattended(sighting: Sighting) -> bool:
    """Whether an agent's host is gone and nobody has said so yet."""
    return sighting.life is not None and sighting.life.unattended


def _is_queued(workspace: Workspace, sighting: Sighting) -> bool:
    """Whether it waits for room; while one does, a drain stays."""
    session = sighting.session
    waits = session.run.status == "queued" and not (session.after and session.conversation is None)
    return waits and session.where == workspace.replica and session.closed is None


def _ready(workspace: Workspace, picture: Picture) -> bool:
    """Whether what somebody waited for is proven, failed or mended now, and nobody has seen to it: where it
    lives on another machine only a sync brings that."""
    if not any(map(attrgetter("after"), picture.sessions)):
        return False
    from ccc.ops import dependents  # where somebody waits for another only

    said = dependents.look_at(picture)
    mine = (each.session for each in picture.sightings if each.session.id in said)
    return any(
        (each.run.status == "queued" and said[each.id].ready)
        or dependents.would_record(picture, each, said[each.id])
        for each in mine
        if each.where == workspace.replica
    )


def _is_unchecked(workspace: Workspace, sighting: Sighting) -> bool:
    return sighting.view.status == "reported" and sighting.session.where == workspace.replica
