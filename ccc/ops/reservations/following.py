"""Wakes who looks after reservations, where a session has just landed or ended."""

from __future__ import annotations

from ccc.domain.reserving import KIND
from ccc.ops.workspace import Workspace
from ccc.runs import drain


def follow(workspace: Workspace) -> None:
    """Starts the background where anything is reserved."""
    if workspace.reader.state().streams(KIND):
        drain.start(workspace.layout)
