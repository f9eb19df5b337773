"""What was decided in people's names lately: whoever did not decide it sees that somebody else did.

An approval that is not signed is a record like any other, and a program that runs as the person can write it.
Nothing tells it from the person's own; so it is shown to people, who can.
"""

from __future__ import annotations

from collections.abc import Iterator

from ccc.domain.status import seconds_between
from ccc.ops.items import entries_of
from ccc.ops.look import Picture
from ccc.records import dataclass

SECONDS = 24 * 3600.0
"""How long a decision is shown."""

APPROVED, LANDED = "approved", "landed"


@dataclass(frozen=True)
class Decision:
    """`approved` or `landed`: which session, when (RFC 3339 UTC), in whose name (None: not recorded with it).

    `signed`: whether it says that a key signed it, which is proven where it is to count; None for a landing.
    """

    what: str
    session: str
    name: str
    at: str
    by: str | None = None
    signed: bool | None = None


def decided(picture: Picture, now: str) -> tuple[Decision, ...]:
    """The decisions of the last SECONDS, newest first."""
    found = (each for each in _all(picture) if seconds_between(each.at, now) < SECONDS)
    return tuple(sorted(found, key=lambda each: (each.at, each.what, each.session), reverse=True))


def _all(picture: Picture) -> Iterator[Decision]:
    known = {each.id: each for each in picture.sessions}
    for identifier, entry in entries_of(picture).items():
        session = known.get(identifier)
        name = session.name if session is not None else identifier
        for given in entry.approvals:
            signed = given.signature is not None
            yield Decision(APPROVED, identifier, name, given.at, given.by, signed)
    for session in picture.sessions:
        if session.landed is not None and not session.landed.how:
            yield Decision(LANDED, session.id, session.name, session.landed.at)
