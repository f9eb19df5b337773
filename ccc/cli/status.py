"""`git ccc status`."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.cli.showing import Wishes, show_status


@click.command("status")
@click.argument("ids", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Closed sessions, too")
@click.option("--mine", is_flag=True, help="Only sessions that you started")
@click.option("--short", is_flag=True, help="One line a session: name and status")
@click.option("--fields", metavar="A,B", help="These fields of the JSON, tab-separated, one line a session")
@click.option(
    "--since", metavar="CURSOR", help="Only sessions that changed after this cursor, event, commit or time"
)
@click.option("--at", metavar="REV|TIME", help="As it was recorded at a commit of refs/ccc or a time")
@click.option("-w", "--watch", is_flag=True, help="Show it again every second until interrupted")
@json_option
@pass_invocation
def command_status(
    invocation: Invocation,
    ids: tuple[str, ...],
    everything: bool,
    mine: bool,
    short: bool,
    fields: str | None,
    since: str | None,
    at: str | None,
    watch: bool,
    as_json: bool,
) -> None:
    """Show every session, its status and why it is believed

    Hides only closed sessions. `+3 -1` are the commits ahead of and behind the target, the brief's commit
    among them; they are counted for the first 32 open sessions.
    """
    wishes = Wishes(ids, everything, mine, short, fields, since, at, watch, as_json)
    show_status(invocation, wishes)
