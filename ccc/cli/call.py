"""One call of ccc: the folder it works in and the terminal it speaks to. Without click (30 ms)."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import field
from pathlib import Path

from ccc.cli.preferences import GitPreferences
from ccc.cli.terminal import Terminal
from ccc.errors import NotARepository
from ccc.git.repository import Repository
from ccc.records import dataclass


@dataclass(frozen=True)
class Invocation:
    """What every command is given.

    `directory` is absolute: where `-C` points, else the current folder, `standing`. What is put on `closing`
    is done when the command has ended, however that was. `found` gives the repository around `directory`.
    """

    directory: Path
    terminal: Terminal
    standing: Path | None = None
    found: Callable[[], Repository] | None = field(default=None, compare=False, repr=False)
    closing: ExitStack = field(default_factory=ExitStack, compare=False, repr=False)

    def path(self, given: str) -> Path:
        """A path from the command line, relative to `directory`."""
        return self.directory / given


def current_folder() -> Path:
    """The folder that the process stands in. Raises NotARepository where it was deleted."""
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        named = os.environ.get("PWD", "")
        left = next((each for each in Path(named).parents if each.is_dir()), Path("/"))
        where = f"{named} is gone" if named else "it is gone"
        message = f"the folder that this was called in was deleted: {where}"
        raise NotARepository(message, f"cd {shlex.quote(str(left))}, or to any other folder") from error


def invocation_in(directory: Path, *, color: str | None = None, paging: bool = True) -> Invocation:
    """A call in a folder, with the standard streams; `color` None means as git has it."""
    preferences = GitPreferences(directory)
    terminal = Terminal(sys.stdout, sys.stderr, sys.stdin, preferences, color=color, paging=paging)
    return Invocation(directory, terminal, standing=current_folder())
