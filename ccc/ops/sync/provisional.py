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
    return provisional_streams(workspace, state, sessions.KIND)


def provisional_streams(workspace: Workspace, state: State, kind: str) -> AbstractSet[str] | None:
    """The same for the streams of any kind, by the part of their names behind the slash."""
    enabled = sharing.read(workspace.layout)
    if enabled is None or state.tip is None:
        return None
    history = workspace.reader.history
    known = set(repositories.refs(workspace.git, enabled.here).values())
    mine = history.record(state.tip).commit.tree
    theirs = [tree for tip in sorted(known) if (tree := _tree(history, tip)) is not None]
    return unshared(history.tree, mine, theirs, kind) | _pending(state, kind)


def _tree(history: History, tip: str) -> str | None:
    """The tree of a shared tip; None for something that others put there and that is no history of ccc."""
    try:
        return history.record(tip).commit.tree
    except StateBroken:
        return None


def _pending(state: State, kind: str) -> set[str]:
    """Streams of which events not yet recorded speak."""
    names = state.touched if isinstance(state, Overlaid) else ()
    prefix = f"{kind}/"
    return {name.removeprefix(prefix) for name in names if name.startswith(prefix)}
