"""What every command is given: the folder it works in and the terminal it speaks to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ccc.cli.terminal import Terminal
from ccc.records import dataclass

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


@dataclass(frozen=True)
class Invocation:
    """One call of ccc. `directory` is absolute: where `-C` points, else the current folder, `standing`."""

    directory: Path
    terminal: Terminal
    standing: Path | None = None

    def path(self, given: str) -> Path:
        """A path from the command line, relative to `directory`."""
        return self.directory / given


pass_invocation = click.make_pass_decorator(Invocation)
"""Gives a command the Invocation as its first argument."""


def json_option(command: Decorated) -> Decorated:
    """The `--json` of reading commands, passed as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document")(command)
