"""`git ccc drain`: plumbing that records what waits in the journal."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, pass_invocation
from ccc.cli.opening import open_workspace
from ccc.ops.workspace import Workspace


@click.command("drain", hidden=True)
@click.option("--background", is_flag=True, help="As hooks start it: stay a moment, then run waiting checks")
@click.option("--work", "checks", is_flag=True, help="Run waiting checks, too")
@click.option("--gates", is_flag=True, help="Run the gates of the queue until none is left to run")
@click.option("--free", is_flag=True, help="With --gates: end at once where another process runs them")
@click.option("--recover", is_flag=True, help="Bring back the sessions whose host is gone, and end")
@pass_invocation
def command_drain(
    invocation: Invocation, background: bool, checks: bool, gates: bool, free: bool, recover: bool
) -> None:
    """Record what hooks noted and refs show"""
    from ccc.ops import work
    from ccc.store.lock import TIMEOUT

    workspace = open_workspace(invocation)
    if background:
        work.background(workspace)
        return
    if gates:
        from ccc.ops.landing import worker

        worker.background(workspace.require(), waits=not free)
        return
    if recover:
        _recover(invocation, workspace)
        return
    recorded = work.drain(workspace, patience=TIMEOUT)
    invocation.terminal.out(f"recorded {recorded} events")
    if checks:
        invocation.terminal.out(f"checked {work.check_all(workspace)} sessions")


def _recover(invocation: Invocation, workspace: Workspace) -> None:
    """What a service does at boot: one line a session that was seen to."""
    from ccc.ops.recovery import recover_all

    workspace.require()
    for each in recover_all(workspace):
        invocation.terminal.out(f"{each.what} {each.session.name}: {each.why}")
    workspace.store.drain()
