"""One at a time: who closes a session, or brings it back."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from ccc.domain import sessions
from ccc.domain.sessions import Session, from_cells
from ccc.errors import StoreBusy
from ccc.layout import Layout
from ccc.ops.observe import all_sessions
from ccc.ops.retired import find_or_say
from ccc.ops.workspace import Workspace
from ccc.store.lock import locked_for_once
from ccc.store.protocol import State

FOLDER = "closing"
PATIENCE = 60.0
"""Seconds to wait for somebody else: a large worktree is read whole before it goes."""


@contextlib.contextmanager
def alone(workspace: Workspace, session: Session) -> Iterator[Session]:
    """Nobody else closes or reopens the session meanwhile; gives it as it is now, all that is noted recorded.

    Raises StoreBusy where somebody else takes longer than a minute, NotFound where it was retired meanwhile.
    """
    lock = lock_of(workspace.layout, session)
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(locked_for_once(lock, timeout=PATIENCE))
        except StoreBusy as error:
            words = f"{session.name} is being closed or reopened by somebody else"
            raise StoreBusy(words, "try again") from error
        workspace.store.drain()
        state = workspace.store.state()
        yield find_or_say(session.id, all_sessions(state), state)


def lock_of(layout: Layout, session: Session) -> Path:
    """The file that is locked; there only while somebody works."""
    return layout.root / FOLDER / session.id


def current(state: State, session: Session) -> Session:
    """The session as it is recorded by now."""
    return from_cells(session.id, state.stream(sessions.stream_of(session.id))) or session
