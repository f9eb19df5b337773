"""Agents are told when what they build on has moved on."""

from __future__ import annotations

from ccc.domain.grounds import moved_to
from ccc.domain.sessions import Session
from ccc.ids import short_oid
from ccc.ops.look import Picture
from ccc.ops.tell import tell
from ccc.ops.workspace import Workspace


def tell_of_moves(workspace: Workspace, picture: Picture) -> bool:
    """Tells living agents once of each proven commit that came in place of one they build on."""
    by_id = {session.id: session for session in picture.sessions}
    told = False
    for sighting in picture.sightings:
        session, life = sighting.session, sighting.life
        if session.closed is not None or session.landed_head or life is None or life.agent is None:
            continue
        for ground in session.grounds:
            other = by_id.get(ground.session)
            new = moved_to(other, ground.commit) if other is not None else None
            if other is not None and new is not None:
                told |= _tell(workspace, session, other, ground.commit, new)
    return told


def _tell(workspace: Workspace, session: Session, other: Session, old: str, new: str) -> bool:
    then, now = short_oid(old), short_oid(new)
    words = (
        f"What you build on has moved on: {other.name} was at {then} when you began, at {now} it is done."
        f" Look at `git log --oneline {then}..{now}`; where it matters for your task, take it up with"
        f" `git merge {now}`."
    )
    return tell(workspace, session, words, topic=f"ground {other.name}", mark={f"moved.{other.id}": new})
