"""`git ccc fsck`."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.cli.opening import open_workspace


@click.command("fsck")
@json_option
@pass_invocation
@click.pass_context
def command_fsck(context: click.Context, invocation: Invocation, as_json: bool) -> None:
    """Prove that the recorded state is whole

    Compares refs/ccc with the join of all its events, and looks at clocks, objects, journal, write-ahead
    log and locks. Changes nothing. Ends with 1 when something is wrong, and says how to mend it.
    """
    from ccc.ops import fsck
    from ccc.views.upkeep import fsck_document, fsck_text

    workspace = open_workspace(invocation)
    faults = fsck.check(workspace)
    if as_json:
        invocation.terminal.json(fsck_document(fsck.tip(workspace), faults))
    else:
        invocation.terminal.out(fsck_text(faults))
    context.exit(1 if faults else 0)
