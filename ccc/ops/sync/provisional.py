"""Which sessions have something that the remote does not have yet; asks nobody."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from ccc.domain import sessions
from ccc.git import repository as repositories
from ccc.ops.sync import enabled as sharing
from ccc.ops.workspace import Workspace
from ccc.store.protocol import State
from ccc.store.states import Overlaid
from ccc.store.unshared import unshared


def provisional_sessions(workspace: Workspace, state: State) -> AbstractSet[str] | None:
    """The ids of sessions of which the remote did not have everything when last asked; None: not shared."""
    enabled = sharing.read(workspace.layout)
    if enabled is None or state.tip is None:
        return None
    history = workspace.reader.history
    known = set(repositories.refs(workspace.git, enabled.here).values())
    trees = [history.record(tip).commit.tree for tip in sorted(known)]
    found = unshared(history.tree, history.record(state.tip).commit.tree, trees, sessions.KIND)
    return found | _pending(state)


def _pending(state: State) -> set[str]:
    """Sessions that events not yet recorded speak of."""
    names = state.touched if isinstance(state, Overlaid) else ()
    prefix = sessions.stream_of("")
    return {name.removeprefix(prefix) for name in names if name.startswith(prefix)}
