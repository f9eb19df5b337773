"""Where a session stands in the queue of starts and why it waits, for whoever looks at the sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ccc.domain import capacity
from ccc.domain.capacity import Occupant, Place, Room
from ccc.domain.status import Evidence
from ccc.ops import dependents
from ccc.ops.look import Picture, Sighting
from ccc.ops.survey import candidate_of, is_queued, remembered, served
from ccc.ops.workspace import Workspace

UNKNOWN = Room(1_000_000, {})
"""Before anybody has looked at the queue on this machine nothing is known of limits."""


def placed(workspace: Workspace, picture: Picture) -> Picture:
    """The same with the place of each session in the queue; limits and load as they were seen last."""
    queued = [each for each in picture.sightings if is_queued(each, workspace.replica)]
    if not queued:
        return picture
    room, machine, withheld = remembered(workspace) or (UNKNOWN, None, {})
    held = {key: said.words for key, said in dependents.look_at(picture).items() if not said.ready}
    reasons = {**withheld, **held}
    free = [candidate_of(each.session) for each in queued if each.session.id not in reasons]
    ordered = capacity.in_order(free, served(picture.sessions))
    places = capacity.places(ordered, _living(picture), room, machine)
    by_id = {place.candidate.id: place for place in places}
    waiting = {each.session.id for each in queued}
    return replace(
        picture,
        sightings=tuple(
            _with_place(each, by_id.get(each.session.id), len(places), reasons.get(each.session.id))
            if each.session.id in waiting
            else each
            for each in picture.sightings
        ),
    )


def _living(picture: Picture) -> Sequence[Occupant]:
    return [
        Occupant(each.session.id, each.session.name, each.session.role)
        for each in picture.sightings
        if each.life is not None and (each.life.host is not None or each.life.agent is not None)
    ]


def _with_place(sighting: Sighting, place: Place | None, count: int, reason: str | None) -> Sighting:
    """With the reason of this moment in place of the one that was recorded when it came into the queue."""
    run = sighting.session.run
    why = reason or run.why
    if place is not None:
        why = f"{place.position} of {count} in the queue: {place.why or 'it starts now'}"
    now = Evidence("event", why, run.at)
    then = Evidence("event", run.why, run.at)
    evidence = tuple(now if each == then else each for each in sighting.view.evidence)
    if now not in evidence:
        evidence = (*evidence, now)
    view = replace(sighting.view, evidence=evidence)
    if place is None:
        return sighting._replace(view=view)
    return sighting._replace(view=view, position=place.position, crowd=place.behind)
