"""The background drain, started by commands that themselves only read."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path

from ccc.layout import Layout
from ccc.ops.look import Picture
from ccc.ops.workspace import Workspace
from ccc.platform.processes import start_of
from ccc.store.states import Overlaid


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
    layout = workspace.layout
    waits = isinstance(picture.state, Overlaid) or any(
        sighting.view.status == "reported" and sighting.session.where == workspace.replica
        for sighting in picture.sightings
    )
    if not waits:
        return False
    # The second is what store/lock.py calls `holder`; importing that module costs filelock's 55 ms.
    workers = (layout.root / "drain.pid", layout.worker_lock.with_name(f"{layout.worker_lock.name}.holder"))
    return not any(_lives(file) for file in workers)


def _lives(file: Path) -> bool:
    """Whether the process whose id the file holds still runs."""
    try:
        text = file.read_text(encoding="ascii").strip()
    except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError):
        return False
    return text.isdecimal() and start_of(int(text)) is not None
