"""`git ccc redact`."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.cli.opening import open_workspace


@click.command("redact")
@click.argument("event")
@click.option("--why", metavar="TEXT", help="The reason, shown in the place of the words")
@json_option
@pass_invocation
def command_redact(invocation: Invocation, event: str, why: str | None, as_json: bool) -> None:
    """Take the words of an event out of every view, visibly

    EVENT is the id of an event (git ccc log --json) or its commit on refs/ccc. Every command, and the tree of
    refs/ccc, then shows who redacted it, when and why instead. Refused inside an agent.

    Git keeps the old words in the history behind refs/ccc, and so does every copy that has them.
    """
    from ccc.ops.redact import redact
    from ccc.views.redacted import redacted_document, redacted_text

    workspace = open_workspace(invocation)
    done = redact(workspace, event, why=why)
    if as_json:
        invocation.terminal.json(redacted_document(workspace.reader.tip(), done))
    else:
        invocation.terminal.out(redacted_text(done))
