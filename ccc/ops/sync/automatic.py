"""Sharing in the background, where `sync.auto` asks for it: soon after something happened, not too often."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from ccc.errors import CccError
from ccc.ops.policy import local_policy
from ccc.ops.sync import enabled as sharing
from ccc.ops.sync import exchange
from ccc.ops.workspace import Workspace
from ccc.runs import drain
from ccc.store import journal
from ccc.store.lock import locked

if TYPE_CHECKING:
    from ccc.config.model import Sync

LOCK = "sync.auto.lock"
STARTED = "sync.auto.started"


def remember(workspace: Workspace, settings: Sync) -> None:
    """Notes whether the configuration asks for sharing in the background."""
    asked = workspace.layout.root / sharing.ASKED
    if settings.auto is None:
        asked.unlink(missing_ok=True)
    else:
        asked.touch()


def start_if_due(workspace: Workspace) -> None:
    """Called when a command ends: starts the background process where something waits to be shared.

    Costs a look for a file where nobody asked for it. Never fails.
    """
    layout = workspace.layout
    if not (layout.root / sharing.ASKED).exists() or drain.held(layout.root / LOCK):
        return
    with contextlib.suppress(CccError):
        enabled = sharing.read(layout)
        if enabled is not None and (journal.waiting(layout) or exchange.to_share(workspace, enabled)):
            drain.start(layout)


def share(workspace: Workspace) -> None:
    """Waits for its time, then shares, until nothing is left to share; one such process per repository.

    Never asks anybody, and never fails: how it went is in `sync --status`.
    """
    enabled = sharing.read(workspace.layout)
    if enabled is None:
        return
    with contextlib.suppress(CccError):
        settings = local_policy(workspace).settings.sync
        remember(workspace, settings)
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
