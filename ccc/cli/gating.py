"""What is said of a gate that goes on after the command that waited for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ccc.cli.invocation import Invocation
from ccc.ops.workspace import Workspace
from ccc.runs.drain import held


@contextmanager
def gate_goes_on(invocation: Invocation, workspace: Workspace, reference: str) -> Iterator[None]:
    """Tells who interrupts the wait that the gate does not end with it, and what ends it."""
    try:
        yield
    except KeyboardInterrupt:
        if held(workspace.layout.gate_lock):
            ends = f"git ccc merge --abort {reference} ends it"
            invocation.terminal.err(f"the gate goes on: git ccc queue shows it, {ends}")
        raise
