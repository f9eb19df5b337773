"""Leases that are held on purpose, first of all that of the one machine which orchestrates."""

from __future__ import annotations

import contextlib
import re
import time
from dataclasses import replace

from ccc.domain.leases import Lease
from ccc.errors import GitFailed, NotFound, TimedOut, Usage
from ccc.ops.actor import require_person_at_keyboard
from ccc.ops.lease import boards, holding
from ccc.ops.lease.boards import Board
from ccc.ops.lease.holding import Held, Wanted
from ccc.ops.policy import local_policy
from ccc.ops.sync import enabled as sharing
from ccc.ops.workspace import Workspace

NAME = "orchestrator"
SECONDS = 600.0
"""Without a sign of life for so long, another machine may take it over."""

KEPT = "leases/orchestrator.kept"
_NAME = re.compile(r"[A-Za-z0-9_%-]+\Z")


def take(workspace: Workspace, name: str, *, asks: bool, seconds: float = SECONDS) -> Lease:
    """Holds a lease for this machine until it is released, or silent for `seconds`; taken again it is kept.

    Raises Usage for a name that is none, HeldByOther, GitFailed, TimedOut.
    """
    if not _NAME.match(name):
        raise Usage(f"{name} is no name of a lease", "letters, digits, - and _, as in orchestrator")
    wanted = Wanted(name, workspace.replica, seconds)
    return holding.take(workspace, _board(workspace, asks=asks), wanted).lease


def release(workspace: Workspace, name: str, *, asks: bool) -> Lease:
    """Gives a lease back; another machine's only by a person, who knows better than the clock.

    Raises NotFound where nobody holds it, InsideAgent, HeldByOther, GitFailed, TimedOut.
    """
    board = _board(workspace, asks=asks)
    oid = board.all().get(name)
    if oid is None:
        raise NotFound(f"nobody holds {name}", "git ccc sync --status")
    lease = boards.read(workspace, board, name, oid)
    if lease.holder != workspace.replica:
        require_person_at_keyboard(
            workspace, "releasing another machine's lease", f"git ccc sync --release {name}"
        )
    Held(workspace, board, lease, oid, None).release()
    return replace(lease, released=True, landed=None)


def keep(workspace: Workspace) -> None:
    """Called before an orchestrator acts: takes or keeps the lease where the state is shared.

    Raises HeldByOther. Where the remote cannot be asked, work goes on: it merges by content later.
    """
    kept = workspace.layout.root / KEPT
    if sharing.read(workspace.layout) is None or _is_recent(workspace):
        return
    with contextlib.suppress(GitFailed, TimedOut):
        take(workspace, NAME, asks=False)
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(f"{time.monotonic()}\n", encoding="ascii")


def _is_recent(workspace: Workspace) -> bool:
    """Whether the lease was taken, or the remote found unreachable, a while ago that does not matter."""
    try:
        kept = float((workspace.layout.root / KEPT).read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return False
    return 0 <= time.monotonic() - kept < SECONDS / 3


def _board(workspace: Workspace, *, asks: bool) -> Board:
    return boards.board_of(workspace, asks=asks, seconds=local_policy(workspace).settings.sync.seconds)
