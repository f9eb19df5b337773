"""How sharing stands: with whom, when last, what waits; asks nobody."""

from __future__ import annotations

from ccc.domain.leases import Lease
from ccc.domain.stamps import rfc3339
from ccc.errors import StateBroken
from ccc.ops.lease import boards
from ccc.ops.sync import enabled as sharing
from ccc.ops.sync import exchange
from ccc.ops.sync.enabled import Enabled, Last, own_name
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.store import journal
from ccc.store.history import History


@dataclass(frozen=True)
class Other:
    """A copy of the repository that shares: its name, its tip, the time of its last event if known."""

    replica: str
    tip: str
    at: str | None


@dataclass(frozen=True)
class Overview:
    """`waiting`: commits of the diary the remote does not have; `pending`: noted, not yet recorded."""

    enabled: Enabled | None
    replica: str
    last: Last | None
    waiting: int
    pending: int
    others: tuple[Other, ...]
    left_out: tuple[str, ...]
    leases: tuple[Lease, ...]


def overview(workspace: Workspace) -> Overview:
    """How sharing stands, from what is known here."""
    workspace.require()
    enabled = sharing.read(workspace.layout)
    pending = len(journal.waiting(workspace.layout))
    leases, strange = boards.known(workspace)
    if enabled is None:
        return Overview(None, workspace.replica, None, 0, pending, (), tuple(strange), tuple(leases))
    known = exchange.known_tips(workspace, enabled)
    own = enabled.here + own_name(workspace.replica)
    history = workspace.reader.history
    others = [
        Other(name.rpartition("/")[2].partition(".")[0], tip, _last_event(history, tip))
        for name, tip in sorted(known.items())
        if name != own
    ]
    return Overview(
        enabled,
        workspace.replica,
        sharing.last(workspace.layout),
        exchange.to_share(workspace, enabled),
        pending,
        tuple(others),
        (*exchange.left_out(workspace, known), *strange),
        tuple(leases),
    )


def _last_event(history: History, tip: str) -> str | None:
    try:
        return rfc3339(history.record(tip).clock)
    except StateBroken:
        return None
