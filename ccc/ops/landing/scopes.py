"""What the commands of a gate depend on, read from trees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ccc.domain import gating
from ccc.git.command import Git

if TYPE_CHECKING:
    from ccc.config.gates import GateCommand

EVERYTHING = ""
"""In place of a landed tree: the target alone."""


class Scopes:
    """Keys of gate commands for trees; each tree is listed once, and only for commands with paths."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._files: dict[str, Mapping[str, str]] = {}
        self._changed: dict[tuple[str, str], tuple[str, ...]] = {}

    def changed(self, base: str, tree: str) -> tuple[str, ...]:
        """The paths that differ between two trees, a renamed file by both."""
        pair = (base, tree)
        if pair not in self._changed:
            asked = ("diff-tree", "-r", "--no-renames", "-z", "--name-only", base, tree)
            self._changed[pair] = tuple(self._git.lines(*asked))
        return self._changed[pair]

    def key(self, command: GateCommand, base: str, tree: str = EVERYTHING) -> str:
        """What the command's result for landing `tree` on the tree `base` belongs to."""
        seen = [self._seen(command, each) if each else "" for each in (base, tree)]
        return gating.key_of(command.run, command.timeout, command.paths, *seen)

    def _seen(self, command: GateCommand, tree: str) -> str:
        return gating.scope(command.paths, self._listed(tree)) if command.paths else tree

    def _listed(self, tree: str) -> Mapping[str, str]:
        if tree not in self._files:
            rows = (row.split("\t", 1) for row in self._git.lines("ls-tree", "-r", "-z", tree))
            self._files[tree] = {path: what for what, path in rows}
        return self._files[tree]
