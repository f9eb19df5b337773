"""`git ccc notify`."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.cli.opening import open_workspace
from ccc.errors import Usage


@click.command("notify")
@click.option("--test", "test", is_flag=True, help="Tell every channel something now, and say how that went")
@click.option("--send", "sends", is_flag=True, hidden=True, help="As pending work starts it: tell what waits")
@json_option
@pass_invocation
@click.pass_context
def command_notify(
    context: click.Context, invocation: Invocation, test: bool, sends: bool, as_json: bool
) -> None:
    """Show who was told what sessions came to, or try it out

    [notify] in .ccc/config.toml, or ccc.notify.* in the git configuration, name a command, a webhook, or the
    desktop. Each occasion is told once: a session waits for an answer, is limited, paused by its budget,
    verified, unchecked, blocked, failed or lost. Ends with 1 where a channel could not be told.
    """
    from ccc.ops.notices.report import report, try_out
    from ccc.ops.notices.sending import send_all
    from ccc.views.notices import notices_document, notices_text

    if test and sends:
        raise Usage("--test and --send exclude each other")
    workspace = open_workspace(invocation)
    if sends:
        send_all(workspace)
        return
    found = try_out(workspace) if test else report(workspace)
    if as_json:
        invocation.terminal.json(notices_document(workspace.reader.tip(), found))
    else:
        invocation.terminal.out(notices_text(found))
    context.exit(1 if test and any(each.trouble for each in found.notices) else 0)
