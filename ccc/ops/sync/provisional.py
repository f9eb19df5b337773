"""Which sessions have something that the remote does not have yet; asks nobody."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from ccc.domain import sessions
from ccc.errors import StateBroken
from ccc.git import repository as repositories
from ccc.ops.sync import enabled as sharing
from ccc.ops.workspace import Workspace
from ccc.store.history import History
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
    mine = history.record(state.tip).commit.tree
    theirs = [tree for tip in sorted(known) if (tree := _tree(history, tip)) is not None]
    return unshared(history.tree, mine, theirs, sessions.KIND) | _pending(state)


def _tree(history: History, tip: str) -> str | None:
    """The tree of a shared tip; None for something that others put there and that is no history of ccc."""
    try:
        return history.record(tip).commit.tree
    except StateBroken:
        return None


def _pending(state: State) -> set[str]:
    """Sessions that events not yet recorded speak of."""
    names = state.touched if isinstance(state, Overlaid) else ()
    prefix = sessions.stream_of("")
    return {name.removeprefix(prefix) for name in names if name.startswith(prefix)}
