"""`git ccc drain`: plumbing that records what waits in the journal."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, pass_invocation
from ccc.cli.opening import open_workspace


@click.command("drain", hidden=True)
@click.option("--background", is_flag=True, help="As hooks start it: stay a moment, then run waiting checks")
@click.option("--work", "checks", is_flag=True, help="Run waiting checks, too")
@pass_invocation
def command_drain(invocation: Invocation, background: bool, checks: bool) -> None:
    """Record what hooks noted and refs show"""
    from ccc.ops import work

    workspace = open_workspace(invocation)
    if background:
        work.background(workspace)
        return
    recorded = work.drain(workspace)
    invocation.terminal.out(f"recorded {recorded} events")
    if checks:
        invocation.terminal.out(f"checked {work.check_all(workspace)} sessions")
