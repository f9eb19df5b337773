"""`git ccc close`."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.cli.opening import open_workspace


@click.command("close")
@click.argument("ids", nargs=-1, required=True, metavar="ID..")
@click.option(
    "--ignored", is_flag=True, help="Back up ignored files, too (default: tracked and untracked ones)"
)
@json_option
@pass_invocation
def command_close(invocation: Invocation, ids: tuple[str, ...], ignored: bool, as_json: bool) -> None:
    """Take a session's worktree away; its work is kept

    Everything in the worktree is backed up under refs/ccc-backup/NAME/ first, uncommitted work included.
    The branch is deleted only when the target contains its work. `git ccc undo ID` brings it all back.

    Its agent is stopped, but not in the middle of a turn: then nothing is closed. Where it is paused its turn
    ends there. A session closes only those that it spawned itself.
    """
    from ccc.ops.close import close, find_closable
    from ccc.views.upkeep import kept_document, with_remarks

    workspace = open_workspace(invocation)
    closings = []
    for session in find_closable(workspace, ids):
        closing = close(workspace, session, ignored=ignored)
        closings.append(closing)
        if not as_json:
            where = f", kept under {closing.backup}" if closing.backup else ""
            invocation.terminal.out(with_remarks(f"closed {session.name}{where}", closing.remarks))
    if as_json:
        invocation.terminal.json(kept_document(workspace.reader.tip(), closings))
