"""`git ccc inbox`."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.cli.opening import open_workspace
from ccc.ops.decided import decided
from ccc.ops.inbox import acknowledge, caller, inbox, own, receive
from ccc.ops.look import look
from ccc.views.documents import inbox_document
from ccc.views.text.inbox import inbox_text, seen_text


@click.command("inbox")
@click.option(
    "--ack",
    "acked",
    metavar="ITEM",
    multiple=True,
    help="Mark a message as seen, `all`: every one; may be repeated",
)
@json_option
@pass_invocation
def command_inbox(invocation: Invocation, acked: tuple[str, ...], as_json: bool) -> None:
    """Show what waits for a person, with the next command for each

    Approvals, questions, conflicts and failures stay until something is done about them. Below them: what was
    approved and landed in the last day, so that you see a decision that was not yours. With --ack and --json:
    what still waits. Inside a session: the messages to it, which are thereby delivered, and what the sessions
    that it spawned wait for.
    """
    workspace = open_workspace(invocation)
    terminal = invocation.terminal
    picture = look(workspace)
    session = caller(workspace, picture)
    if acked:
        seen = acknowledge(workspace, acked, session)
        if not as_json:
            terminal.out(seen_text(seen))
            return
        picture = look(workspace)
    waiting = inbox(workspace, picture) if session is None else own(workspace, picture, session)
    known = decided(picture, workspace.now()) if session is None else ()
    if as_json:
        terminal.json(inbox_document(picture.state.tip, waiting, known))
    else:
        terminal.out(inbox_text(waiting, workspace.now(), terminal, known, inside=session is not None))
    if session is not None:
        receive(workspace, session, waiting)
