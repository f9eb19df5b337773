"""`git ccc fsck`."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.cli.opening import open_workspace


@click.command("fsck")
@click.option("--repair", "repairs", is_flag=True, help="Mend what can be mended, then look again")
@json_option
@pass_invocation
@click.pass_context
def command_fsck(context: click.Context, invocation: Invocation, repairs: bool, as_json: bool) -> None:
    """Prove that the recorded state is whole

    Compares refs/ccc with the join of all its events, and looks at clocks, objects, journal, write-ahead
    log and locks. Changes nothing. Ends with 1 when something is wrong, and says how to mend it.

    With --repair it makes a bundle first, mends, says what it did and what it could not, and ends with 1
    only if something is still wrong. Nothing is thrown away: what is taken off is kept.
    """
    from ccc.ops import fsck
    from ccc.views.upkeep import fsck_document, fsck_text, repair_document, repair_text

    workspace, terminal = open_workspace(invocation), invocation.terminal
    if repairs:
        mended = fsck.repair(workspace)
        faults = list(mended.left)
        text, document = repair_text(mended), repair_document(fsck.tip(workspace), mended)
    else:
        faults = fsck.check(workspace)
        text, document = fsck_text(faults), fsck_document(fsck.tip(workspace), faults)
    if as_json:
        terminal.json(document)
    else:
        terminal.out(text)
    context.exit(1 if faults else 0)
