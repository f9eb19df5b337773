"""`git ccc undo`."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.cli.opening import open_workspace


@click.command("undo")
@click.argument("id")
@json_option
@pass_invocation
def command_undo(invocation: Invocation, id: str, as_json: bool) -> None:
    """Take back a session's latest close or landing

    A closed session comes back with its worktree, uncommitted and staged work included. A landing is taken
    off its target where nobody has built on it or seen it, and reverted by a new commit otherwise.
    """
    from ccc.ops.undo import LandingUndone, undo
    from ccc.views.upkeep import kept_document, undone_document, undone_text, with_remarks

    workspace = open_workspace(invocation)
    undone = undo(workspace, id)
    tip = workspace.reader.tip()
    if isinstance(undone, LandingUndone):
        as_document, text = undone_document(tip, undone), undone_text(undone)
    else:
        as_document = kept_document(tip, [undone])
        text = with_remarks(f"{undone.session.name} is back in {undone.session.worktree}", undone.remarks)
    if as_json:
        invocation.terminal.json(as_document)
    else:
        invocation.terminal.out(text)
