"""Whether a session may be started at all now, apart from room: the one place asked before each start."""

from __future__ import annotations

from collections.abc import Callable

from ccc.domain.sessions import Session
from ccc.ops import dependents
from ccc.ops.look import Picture
from ccc.ops.workspace import Workspace

Reason = Callable[[Workspace, Picture, Session], str | None]


def _used_up(_: Workspace, __: Picture, session: Session) -> str | None:
    """A session that has used up a limit goes on when a person says so."""
    last_turn = session.start is not None and session.start.mode == "hand-back"
    return None if session.exhausted is None or last_turn else session.exhausted.why


def _shared(workspace: Workspace, picture: Picture, session: Session) -> str | None:
    """Nor does anybody start who would spend of what many have together, and which is used up for today."""
    from ccc.ops.shared_budgets import used_up  # with the configuration: pydantic, 50 ms

    return used_up(workspace, picture, session)


def _far_away(workspace: Workspace, picture: Picture, session: Session) -> str | None:
    """Nor one that builds on work of another machine before that was fetched."""
    if not dependents.waits(session):
        return None
    from ccc.ops.stacking import missing  # for those that wait

    return missing(workspace, picture, session)


REASONS: tuple[Reason, ...] = (_used_up, _shared, _far_away)
"""Each says why a session may not start now, or None. Asked for every session in the queue each time that
somebody looks at it, also under a lock: quick, and from the picture alone."""


def withheld(workspace: Workspace, picture: Picture, session: Session) -> str | None:
    """Why this session may not start now though there may be room; None: nothing is against it.

    It stays in the queue with these words, and lets others pass. A person's `--now` goes past it.
    """
    found = (reason(workspace, picture, session) for reason in REASONS)
    return next((why for why in found if why is not None), None)
