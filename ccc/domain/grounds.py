"""What a session builds on, and whether that has moved on since."""

from __future__ import annotations

from collections.abc import Sequence

from ccc.domain.sessions import Session
from ccc.ids import short_oid


def outdated(known: Sequence[Session], session: Session) -> list[str]:
    """What a session builds on that has moved on since, in words."""
    by_id = {each.id: each for each in known}
    found = []
    for ground in session.grounds:
        other = by_id.get(ground.session)
        if other is None or moved_to(other, ground.commit) is None:
            continue
        then, now = short_oid(ground.commit), short_oid(other.head)
        found.append(f"builds on {other.name} at {then}, which is at {now} now")
    return found


def moved_to(other: Session, commit: str) -> str | None:
    """The proven commit that came in place of the one that was built on; None where there is none."""
    landed = other.landed
    if landed is not None and commit in (landed.commit, landed.head, landed.advanced):
        return None if other.landed_head else _proven(other)
    return None if commit == other.head else _proven(other)


def _proven(other: Session) -> str | None:
    checked = other.verification
    passed = checked is not None and checked.state in ("passed", "none") and checked.commit == other.head
    return other.head if passed or other.landed_head else None
