"""What most commands begin with: the workspace of the call, and text from an argument or standard input."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace

from ccc.cli.call import Invocation
from ccc.errors import StateBroken, Usage
from ccc.ops.sync.enabled import ASKED
from ccc.ops.workspace import Workspace


def open_workspace(invocation: Invocation) -> Workspace:
    """The initialised repository around the caller. Raises NotARepository, NotInitialised."""
    workspace = any_workspace(invocation).require()
    invocation.closing.callback(_tell_what_was_removed, invocation, workspace)
    invocation.closing.callback(_share, workspace)
    return workspace


def any_workspace(invocation: Invocation) -> Workspace:
    """The repository around the caller, initialised or not. Raises NotARepository.

    What is mended in it while the command runs is said on standard error.
    """
    environment = invocation.terminal.environment
    workspace = Workspace.open(invocation.directory, environment, invocation.standing, invocation.found)
    return replace(workspace, announce=lambda words: announce(invocation, words))


def mend(invocation: Invocation | None, error: StateBroken) -> None:
    """Brings back what a command could not read. Raises StateBroken where it cannot."""
    if invocation is None:
        raise error
    workspace = any_workspace(invocation)
    if not workspace.initialised:
        raise error
    workspace.mend(error)


def announce(invocation: Invocation, words: Sequence[str]) -> None:
    """Says what was mended in passing."""
    for line in words:
        invocation.terminal.err(f"ccc: {line}")


def _tell_what_was_removed(invocation: Invocation, workspace: Workspace) -> None:
    """Says which secrets this call met and did not record; quiet where it met none."""
    met = workspace.__dict__.get("filter")
    if met is not None and met.removed:
        invocation.terminal.err(f"note: secrets are not recorded; removed: {', '.join(met.removed)}")


def _share(workspace: Workspace) -> None:
    """Lets the background share what this command recorded, where that is asked for."""
    if (workspace.layout.root / ASKED).exists():
        from ccc.ops.sync import automatic  # the ways to a remote: 10 ms, for who shares

        automatic.start_if_due(workspace)


def text_of(argument: str) -> str:
    """The text itself, or standard input for `-`. Raises Usage where that is not UTF-8."""
    if argument != "-":
        return argument
    try:
        return sys.stdin.buffer.read().decode("utf-8").rstrip("\n")
    except UnicodeDecodeError as error:
        raise Usage("standard input is not UTF-8 text", "write it as UTF-8") from error
