"""Proving that the recorded state is whole, and mending it."""

from __future__ import annotations

from pathlib import Path

from ccc.domain import stamps
from ccc.git import repository as repositories
from ccc.ops import bundles
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.store.fsck import Fault, fsck
from ccc.store.protocol import REF


@dataclass(frozen=True)
class Repair:
    """What was done, in words; the bundle made first, if one could be; the faults that are left."""

    done: tuple[str, ...]
    bundle: Path | None
    left: tuple[Fault, ...]


def check(workspace: Workspace) -> list[Fault]:
    """Every fault of `refs/ccc` and of what waits beside it; empty when it is whole. Changes nothing."""
    workspace.require()
    return fsck(workspace.layout, workspace.git, workspace.backend.backend, stamps.now_ms())


def repair(workspace: Workspace) -> Repair:
    """Mends what can be mended, after a bundle of what is there; changes nothing where nothing is wrong.

    Raises OSError where the disk is full.
    """
    if not check(workspace):
        return Repair((), None, ())
    bundle = bundles.keep(workspace, "fsck")
    done = [bundle.remark] if bundle.remark else []
    done += workspace.repairs().repair()
    return Repair(tuple(done), bundle.path, tuple(check(workspace)))


def tip(workspace: Workspace) -> str | None:
    """The commit on `refs/ccc`; None where there is none that can be read. Works before `init`, too."""
    return repositories.resolve(workspace.git, REF)
