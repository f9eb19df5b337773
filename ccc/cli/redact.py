"""`git ccc redact`."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.cli.opening import open_workspace


@click.command("redact")
@click.argument("event")
@click.option("--why", metavar="TEXT", help="The reason, shown in the place of the words")
@click.option(
    "--rewrite", is_flag=True, help="Make the history again without the words, where it was never shared"
)
@click.option("--yes", is_flag=True, help="Do not ask before --rewrite")
@json_option
@pass_invocation
def command_redact(
    invocation: Invocation, event: str, why: str | None, rewrite: bool, yes: bool, as_json: bool
) -> None:
    """Take the words of an event out of every view, visibly

    EVENT is the id of an event (git ccc log --json) or its commit on refs/ccc. Every command, and the tree of
    refs/ccc, then shows who redacted it, when and why instead. Refused inside an agent.

    Git keeps the old words in the history behind refs/ccc, and so does every copy that has them. With
    --rewrite every later commit is made again, the old ones and what was kept of them are deleted, and no
    bundle is made before, for it would keep the words.
    """
    from ccc.ops.redact import NO_BUNDLE, erase, redact
    from ccc.views.redacted import erased_document, erased_text, redacted_document, redacted_text

    workspace = open_workspace(invocation)
    if rewrite:
        yes = yes or bool(invocation.terminal.confirm(f"{NO_BUNDLE}. Rewrite refs/ccc?"))
        erased = erase(workspace, event, why=why, yes=yes)
        if as_json:
            invocation.terminal.json(erased_document(erased))
        else:
            invocation.terminal.out(erased_text(erased))
        return
    done = redact(workspace, event, why=why)
    if as_json:
        invocation.terminal.json(redacted_document(workspace.reader.tip(), done))
    else:
        invocation.terminal.out(redacted_text(done))
