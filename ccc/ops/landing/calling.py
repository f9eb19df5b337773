"""Calling the worker of gates: whether there is anything for it to do, and its start.

Who stays asks this many times a day, and loads none of what the worker works with.
"""

from __future__ import annotations

import contextlib
import os
import sys

from ccc.domain import landings, targets
from ccc.ids import digest
from ccc.ops.landing import running
from ccc.ops.landing.queued import entries
from ccc.ops.look import Picture
from ccc.ops.workspace import Workspace
from ccc.runs import detached
from ccc.runs.detached import MARKERS
from ccc.runs.drain import held

IDLE = "idle"
KEPT = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM")


def start(workspace: Workspace) -> None:
    """Starts the worker, detached, unless one runs."""
    layout = workspace.layout
    if held(layout.gate_lock):
        return
    environment = {
        name: value
        for name, value in os.environ.items()
        if name in KEPT or not (name in MARKERS or name.startswith(("GIT_", "CCC_")))
    }
    # -E: the PYTHONPATH of a session leads to code of its branch.
    command = [sys.executable, "-E", "-P", "-m", "ccc", "-C", str(layout.common)]
    with contextlib.suppress(OSError):
        detached.start([*command, "drain", "--free", "--gates"], environment)


def is_due(workspace: Workspace, picture: Picture) -> bool:
    """Whether something of the queues has changed since a worker found nothing to do, and none runs."""
    layout = workspace.layout
    if not entries(picture) and not running.wishes(layout):
        return False
    return not held(layout.gate_lock) and _told(workspace) != _signature(workspace, picture)


def _told(workspace: Workspace) -> str:
    try:
        return (workspace.layout.gates / IDLE).read_text(encoding="ascii")
    except FileNotFoundError:
        return ""


def _signature(workspace: Workspace, picture: Picture) -> str:
    """What decides about the next gate, as far as it is seen without git."""
    words = [*running.wishes(workspace.layout)]
    for identifier, entry in entries(picture).items():
        session = picture.of_id(identifier).session
        streams = landings.stream_of(identifier), targets.stream_of(session.target)
        cells = [
            sorted((field, stamp) for field, (stamp, _) in picture.state.stream(s).items()) for s in streams
        ]
        words.append(
            f"{identifier} {session.head} {picture.of(session).view.status} {entry.queued_at} {cells}"
        )
    return digest("sha256", "\n".join(words).encode("utf-8", "replace"))


def nothing_to_do(workspace: Workspace, picture: Picture) -> None:
    """Notes that a worker has found nothing to do as things stand."""
    workspace.layout.gates.mkdir(exist_ok=True)
    (workspace.layout.gates / IDLE).write_text(_signature(workspace, picture), encoding="utf-8")
