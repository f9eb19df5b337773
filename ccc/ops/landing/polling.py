"""When open requests are looked at again without being asked: seldom, in the background."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence

from ccc.domain.sessions import Session
from ccc.errors import CccError
from ccc.ops.look import look
from ccc.ops.policy import target_policy_of
from ccc.ops.workspace import Workspace

MARK = "requests.polled"
LEAST_SECONDS = 5.0
"""However short `land.poll` is: a look takes four calls of the forge's API."""


def may_be_due(workspace: Workspace, sessions: Sequence[Session]) -> bool:
    """Whether it is worth while to begin the background for it; cheap."""
    if all(session.waits_at is None for session in sessions):
        return False
    return _age(workspace) >= LEAST_SECONDS


def poll(workspace: Workspace) -> None:
    """Looks at the open requests of this machine's sessions, when it is time to. Never fails."""
    waiting = [
        session
        for session in look(workspace).sessions
        if session.waits_at is not None and session.where == workspace.replica
    ]
    if not waiting:
        return
    from ccc.ops.landing.requests import refresh_all  # programs of forges, only where one is used

    with contextlib.suppress(CccError, OSError):
        every = target_policy_of(workspace, waiting[0].target).settings.land.poll
        if _age(workspace) >= max(every, LEAST_SECONDS):
            (workspace.layout.root / MARK).touch()
            refresh_all(workspace)


def _age(workspace: Workspace) -> float:
    """Seconds since the last look."""
    try:
        return abs(time.time() - (workspace.layout.root / MARK).stat().st_mtime)
    except FileNotFoundError:
        return float("inf")
