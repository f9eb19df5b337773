"""Where this copy of the repository lies: so a copy of it is told from itself moved or restored."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from ccc.layout import Layout
from ccc.ops import replica
from ccc.ops.workspace import Workspace
from ccc.platform.files import write_whole
from ccc.records import dataclass
from ccc.store.lock import locked

MACHINE = Path("/etc/machine-id")


@dataclass(frozen=True)
class Place:
    """A machine ("" where it has no id), a path, and the number of the folder there."""

    machine: str
    path: str
    inode: int


def settle(workspace: Workspace) -> str | None:
    """Takes a new name where this is a copy of a repository that goes on elsewhere; words, if it did.

    Two copies under one name would each take the other's sessions for its own. Moved, mounted elsewhere or
    restored in its place it keeps its name.
    """
    if _known(workspace.layout) == _now(workspace.layout):
        return None
    with locked(workspace.layout.lock):
        return _settle(workspace)


def _settle(workspace: Workspace) -> str | None:
    """The same under the lock: whoever comes second finds the new name."""
    layout, now = workspace.layout, _now(workspace.layout)
    known = _known(layout)
    if known == now:
        replica.reopen(workspace)
        return None
    words = None
    if known is not None and _is_copy(workspace, known, now):
        old = workspace.replica
        new = replica.renew(workspace)
        words = f"this is a copy of {known.path}: it shares as {new} from now on, not as {old}"
    _write(layout, now)
    return words


def is_copy(workspace: Workspace) -> str | None:
    """The path of the repository that this one is a copy of; None where it is its own."""
    known, now = _known(workspace.layout), _now(workspace.layout)
    return known.path if known is not None and _is_copy(workspace, known, now) else None


def _is_copy(workspace: Workspace, known: Place, now: Place) -> bool:
    if known == now or known.inode == now.inode:
        return False
    if known.machine != now.machine:
        return True
    if known.path == now.path:
        return False
    try:
        return (Path(known.path) / "replica").read_text(encoding="utf-8").strip() == workspace.replica
    except OSError:
        return False


def _now(layout: Layout) -> Place:
    try:
        machine = MACHINE.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        machine = ""
    return Place(machine, str(layout.root), layout.root.stat().st_ino)


def _file(layout: Layout) -> Path:
    return layout.root / "place.json"


def _known(layout: Layout) -> Place | None:
    try:
        return Place(**json.loads(_file(layout).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _write(layout: Layout, place: Place) -> None:
    write_whole(_file(layout), json.dumps(asdict(place)))
