"""`git ccc retire`."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.cli.opening import open_workspace
from ccc.domain import durations
from ccc.errors import NeedsPerson


@click.command("retire")
@click.option(
    "--older-than",
    metavar="SPAN",
    help="Sessions closed at least this long ago, as 90d (default: retention.sessions)",
)
@click.option("--yes", is_flag=True, help="Do it without being asked")
@json_option
@pass_invocation
def command_retire(invocation: Invocation, older_than: str | None, yes: bool, as_json: bool) -> None:
    """Let closed sessions leave the state after a time; the diary keeps them

    Shows what would leave, and asks. A session leaves with its messages and notes when nothing about it is
    open and no session that stays names it; the events, its branch and its backups stay. Logs on this machine
    that are older than retention.logs are deleted. Refused inside an agent.
    """
    from ccc.ops.retire import plan, retire
    from ccc.views.retired import done_document, done_text, plan_document, plan_text

    terminal, workspace = invocation.terminal, open_workspace(invocation)
    planned = plan(workspace, None if older_than is None else durations.seconds(older_than))
    if as_json and (planned.is_empty or not yes):
        terminal.json(plan_document(planned))
    elif planned.is_empty or not yes:
        terminal.out(plan_text(planned))
    if planned.is_empty:
        return
    if as_json and not yes:
        raise click.exceptions.Exit(NeedsPerson.exit)
    done = retire(workspace, planned, yes=yes or bool(terminal.confirm("Retire them?")))
    if as_json:
        terminal.json(done_document(planned, done))
    else:
        terminal.out(done_text(done))
