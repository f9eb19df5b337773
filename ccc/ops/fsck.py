"""Proving that the recorded state is whole."""

from __future__ import annotations

from ccc.domain import stamps
from ccc.git import repository as repositories
from ccc.ops.workspace import Workspace
from ccc.store.fsck import Fault, fsck
from ccc.store.protocol import REF


def check(workspace: Workspace) -> list[Fault]:
    """Every fault of `refs/ccc` and of what waits beside it; empty when it is whole. Changes nothing."""
    workspace.require()
    return fsck(workspace.layout, workspace.git, workspace.backend.backend, stamps.now_ms())


def tip(workspace: Workspace) -> str | None:
    """The commit on `refs/ccc`; None where there is none that can be read. Works before `init`, too."""
    return repositories.resolve(workspace.git, REF)
