"""`git ccc output`, also called `logs`."""

from __future__ import annotations

import itertools
import sys

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.cli.opening import open_workspace
from ccc.errors import Usage
from ccc.ops.output import Output, follow, output, raw
from ccc.ops.workspace import Workspace
from ccc.views.output import output_document
from ccc.views.text.output import turns_text


@click.command("output")
@click.argument("reference", metavar="ID")
@click.option("-f", "--follow", "goes_on", is_flag=True, help="Go on as more is said, until its run is over")
@click.option("-n", "last", type=click.IntRange(min=0), metavar="N", help="Show only the last N turns")
@click.option("--raw", "as_it_came", is_flag=True, help="Print what its program printed, as it came")
@click.option("--since", metavar="CURSOR", help="Show only what came after this cursor of --json, or time")
@json_option
@pass_invocation
def command_output(
    invocation: Invocation,
    reference: str,
    goes_on: bool,
    last: int | None,
    as_it_came: bool,
    since: str | None,
    as_json: bool,
) -> None:
    """Show a session's conversation: what was said, which tools were used

    From the transcript of its engine; where that cannot be read, from the log of its runs. With -f and --json
    one document a line.
    """
    workspace = open_workspace(invocation)
    if as_it_came:
        if as_json or goes_on or since or last is not None:
            raise Usage("--raw goes with no other option")
        _copy(workspace, reference)
        return
    page = output(workspace, reference, last=last, since=since)
    for remark in page.remarks:
        invocation.terminal.err(remark)
    if goes_on:
        _follow(invocation, workspace, page, as_json=as_json)
    elif as_json:
        invocation.terminal.json(output_document(page))
    elif page.turns:
        invocation.terminal.page(turns_text(page.turns, invocation.terminal))


def _follow(invocation: Invocation, workspace: Workspace, page: Output, *, as_json: bool) -> None:
    terminal = invocation.terminal
    for each in itertools.chain([page], follow(workspace, page, terminal.rest)):
        if as_json:
            terminal.json(output_document(each), line=True)
        elif each.turns:
            terminal.out(turns_text(each.turns, terminal))
        terminal.output.flush()


def _copy(workspace: Workspace, reference: str) -> None:
    for data in raw(workspace, reference):
        sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


command_logs = click.Command(
    "logs",
    callback=command_output.callback,
    params=command_output.params,
    help=command_output.help,
    hidden=True,
)
"""The same under the name that other tools use."""
