"""Why a person's yes does not hold any more, in words."""

from __future__ import annotations

from collections.abc import Sequence

from ccc.domain.landings import Approval
from ccc.domain.sessions import Session
from ccc.ids import short_oid


def why(approval: Approval, session: Session, base: str, head: str, known: Sequence[Session]) -> str:
    """What has moved since a session was approved that would land `head` on `base`; `known`: all sessions."""
    if approval.head != head:
        return f"its branch is at {short_oid(head)} now, was {short_oid(approval.head)}"
    if approval.base != base:
        return _moved(approval, session, base, known)
    return f"another tree would land on {session.target}"


def _moved(approval: Approval, session: Session, base: str, known: Sequence[Session]) -> str:
    """Who landed on the target since; where nobody did, from where it moved, and where to."""
    landed = sorted(
        (each.landed.at, each.name)
        for each in known
        if each.landed is not None and each.landed.target == session.target and each.landed.at > approval.at
    )
    if not landed:
        return f"{session.target} is at {short_oid(base)} now, was {short_oid(approval.base)}"
    last = landed[-1][1]
    if len(landed) == 1:
        return f"{session.target} moved by the landing of {last}"
    return f"{session.target} moved by {len(landed)} landings, the last that of {last}"


def words(why: str) -> str:
    """That an approval does not hold any more, and why, where that is known."""
    return f"the one given is stale: {why}" if why else "the one given is stale"
