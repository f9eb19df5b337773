"""Settings that stand in the person's own files and decide nothing until they are on the target."""

from __future__ import annotations

from ccc.errors import BadConfig
from ccc.git import repository as repositories
from ccc.ops.observe import HEADS
from ccc.ops.policy import local_policy, target_policy
from ccc.ops.workspace import Workspace
from ccc.records import dataclass

OF_THE_TARGET = ("gate", "queue", "approval", "land", "reserve")
"""Sections that are read from the target's commit alone (CONTRACT §6)."""


@dataclass(frozen=True)
class Pending:
    """Keys whose value here is not that of the `target`; None where there is no such branch."""

    target: str | None
    keys: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """One line, empty where everything is in force."""
        if not self.keys:
            return ""
        return f"not in force until .ccc/config.toml is committed to {self.target}: {', '.join(self.keys)}"


def pending(workspace: Workspace, target: str | None = None) -> Pending:
    """What differs of what decides at a target, by default the one that `spawn` would take. Raises BadConfig.

    A variable of the environment decides nothing there either, and counts as not in force.
    """
    here = local_policy(workspace).settings
    head = repositories.main_branch(workspace.repository) or ""
    name = target or here.target or head.removeprefix(HEADS)
    commit = repositories.resolve(workspace.git, HEADS + name) if name else None
    if commit is None:
        return Pending(None)
    try:
        there = target_policy(workspace, commit, name).settings.values()
    except BadConfig:
        return Pending(None)  # nothing can land there, which is said elsewhere
    keys = [
        key
        for key, value in here.values().items()
        if key.partition(".")[0] in OF_THE_TARGET and value != there.get(key)
    ]
    return Pending(name, tuple(keys))


def gate_only_here(workspace: Workspace, target: str) -> str | None:
    """That this checkout has a gate which the target has not; None where it has none, or cannot be read."""
    try:
        found = pending(workspace, target)
    except BadConfig:
        return None
    if "gate.commands" not in found.keys or not local_policy(workspace).settings.gate:
        return None
    return f".ccc/config.toml in this checkout has [gate], not committed to {target}"
