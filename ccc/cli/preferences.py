"""What the user told git about colour and pager."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Protocol

from ccc.git.command import Git
from ccc.records import dataclass

PASSED_ON = ("GIT_CONFIG", "GIT_PAGER")
"""Beginnings of variables that carry `git -c ...` and the pager; our git calls drop all others."""


class Preferences(Protocol):
    """The user's wishes, looked up only when they matter (each costs a git call, about 3 ms)."""

    def wants_color(self, *, is_terminal: bool) -> bool:
        """Whether output that goes, or does not go, to a terminal is to be coloured."""
        ...

    def pager(self) -> str:
        """The pager's command line; empty or `cat` for none."""
        ...


@dataclass(frozen=True)
class GitPreferences:
    """Asks git: `color.ccc`, `color.ui`; `GIT_PAGER`, `core.pager`, `PAGER`, the built-in default."""

    directory: Path
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def wants_color(self, *, is_terminal: bool) -> bool:
        answer = self._ask("config", "--get-colorbool", "color.ccc", "true" if is_terminal else "false")
        return answer == "true"

    def pager(self) -> str:
        return self._ask("var", "GIT_PAGER")

    def _ask(self, *arguments: str) -> str:
        passed = {name: value for name, value in self.environment.items() if name.startswith(PASSED_ON)}
        result = Git(self.directory, extra=passed).run(*arguments, ok=range(256))
        return result.text if result.code == 0 else ""
