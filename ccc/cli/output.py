"""`git ccc output`, also called `logs`."""

from __future__ import annotations

import json
import sys
import time

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.cli.opening import open_workspace
from ccc.errors import Usage

PAUSE_SECONDS = 0.2


@click.command("output")
@click.argument("reference", metavar="ID")
@click.option("-f", "--follow", is_flag=True, help="Go on as more is said, until its run is over")
@click.option("-n", "last", type=click.IntRange(min=0), metavar="N", help="Show only the last N turns")
@click.option("--raw", "as_it_came", is_flag=True, help="Print what its program printed, as it came")
@click.option("--since", metavar="CURSOR", help="Show only what came after the cursor that --json printed")
@json_option
@pass_invocation
def command_output(
    invocation: Invocation,
    reference: str,
    follow: bool,
    last: int | None,
    as_it_came: bool,
    since: str | None,
    as_json: bool,
) -> None:
    """Show a session's conversation: what was said, which tools were used

    From the transcript of its engine; where that cannot be read, from the log of its runs. With -f and --json
    one document a line.
    """
    from ccc.ops.output import output, raw

    workspace = open_workspace(invocation)
    if as_it_came:
        if as_json or follow:
            raise Usage("--raw goes with neither --json nor -f")
        invocation.terminal.output.flush()
        for data in raw(workspace, reference):
            sys.stdout.buffer.write(data)
        return
    page = output(workspace, reference, last=last, since=since)
    for remark in page.remarks:
        invocation.terminal.err(remark)
    _print(invocation, page, as_json, follow)
    while follow and page.goes_on:
        time.sleep(PAUSE_SECONDS)
        page = output(open_workspace(invocation), reference, since=page.cursor, whole=False)
        if page.turns:
            _print(invocation, page, as_json, follow)


def _print(invocation: Invocation, page: object, as_json: bool, follow: bool) -> None:
    from ccc.ops.output import Output
    from ccc.views.output import output_document
    from ccc.views.text.output import turns_text

    assert isinstance(page, Output)
    terminal = invocation.terminal
    if as_json and follow:
        terminal.out(json.dumps(output_document(page), ensure_ascii=False))
    elif as_json:
        terminal.json(output_document(page))
    elif page.turns:
        terminal.out(turns_text(page.turns, terminal))
    terminal.output.flush()


command_logs = command_output
"""The same under the name that other tools use."""
