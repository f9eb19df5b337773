"""The background drain, started by commands that themselves only read."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
from pathlib import Path

from ccc.layout import Layout
from ccc.ops.look import Picture
from ccc.ops.workspace import Workspace
from ccc.store.states import Overlaid

DRAIN_LOCK = "drain.lock"


def start(layout: Layout) -> None:
    """Starts the background drain, detached, with every descriptor redirected; does not wait for it."""
    with contextlib.suppress(OSError):
        subprocess.Popen(
            [str(layout.drain_script)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
        )


def start_if_due(workspace: Workspace, picture: Picture) -> bool:
    """Starts the drain where facts or checks wait and nobody works on them; whether it did."""
    due = is_due(workspace, picture)
    if due:
        start(workspace.layout)
    return due


def is_due(workspace: Workspace, picture: Picture) -> bool:
    """Whether something waits to be recorded or checked here, and no process of ours is at it."""
    waits = isinstance(picture.state, Overlaid) or any(
        sighting.view.status == "reported" and sighting.session.where == workspace.replica
        for sighting in picture.sightings
    )
    layout = workspace.layout
    return waits and not any(_held(lock) for lock in (layout.root / DRAIN_LOCK, layout.worker_lock))


def _held(lock: Path) -> bool:
    """Whether a process holds a lock of store/lock.py, asked without its library (filelock, 55 ms).

    Who comes to take the lock in the very moment of the question gives up; then it is us who start the drain.
    """
    try:
        descriptor = os.open(lock, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
