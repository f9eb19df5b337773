"""What most commands begin with: the workspace of the call, and text from an argument or standard input."""

from __future__ import annotations

import sys

from ccc.cli.invocation import Invocation
from ccc.errors import Usage
from ccc.ops.workspace import Workspace


def open_workspace(invocation: Invocation) -> Workspace:
    """The initialised repository around the caller. Raises NotARepository, NotInitialised."""
    return Workspace.open(
        invocation.directory, invocation.terminal.environment, invocation.standing
    ).require()


def text_of(argument: str) -> str:
    """The text itself, or standard input for `-`. Raises Usage where that is not UTF-8."""
    if argument != "-":
        return argument
    try:
        return sys.stdin.buffer.read().decode("utf-8").rstrip("\n")
    except UnicodeDecodeError as error:
        raise Usage("standard input is not UTF-8 text", "write it as UTF-8") from error
