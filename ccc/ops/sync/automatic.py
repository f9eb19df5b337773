"""Sharing in the background, where `sync.auto` asks for it: soon after something happened, not too often."""

from __future__ import annotations

import contextlib
import time

from ccc.errors import CccError
from ccc.ops.policy import local_policy
from ccc.ops.sync import enabled as sharing
from ccc.ops.sync import exchange
from ccc.ops.workspace import Workspace
from ccc.store.lock import locked

LOCK = "sync.auto.lock"
STARTED = "sync.auto.started"


def share(workspace: Workspace) -> None:
    """Waits for its time, then shares, until nothing is left to share; one such process per repository.

    Never asks anybody, and never fails: how it went is in `sync --status`.
    """
    enabled = sharing.read(workspace.layout)
    if enabled is None:
        return
    with contextlib.suppress(CccError):
        settings = local_policy(workspace).settings.sync
        if settings.auto is None:
            return
        with locked(workspace.layout.root / LOCK, timeout=0):
            while exchange.to_share(workspace, enabled):
                time.sleep(_until_due(workspace, settings.auto))
                (workspace.layout.root / STARTED).touch()
                exchange.sync(workspace, asks=False, seconds=settings.seconds)


def _until_due(workspace: Workspace, every: float) -> float:
    """Seconds until the next exchange may begin, none where the last began long ago."""
    try:
        began = (workspace.layout.root / STARTED).stat().st_mtime
    except FileNotFoundError:
        return 0.0
    return min(max(began + every - time.time(), 0.0), every)
