"""`git ccc answer`: what a person says to a question."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.cli.opening import open_workspace, text_of


@click.command("answer")
@click.argument("item")
@click.argument("text", nargs=-1)
@click.option("--choice", type=int, metavar="N", help="The Nth of the answers that were offered")
@json_option
@pass_invocation
def command_answer(
    invocation: Invocation, item: str, text: tuple[str, ...], choice: int | None, as_json: bool
) -> None:
    """Answer a question or a permission that waits in the inbox

    ITEM is its id in the inbox, or the session that asks. TEXT is the answer, - reads it from standard input.
    A permission is given by allow, or denied by deny and the reason. A session may answer the questions of
    those that it spawned; everything else needs a person.
    """
    from ccc.ops.answer import answer
    from ccc.views.messages import answered_document, answered_text

    workspace = open_workspace(invocation)
    words = text_of(" ".join(text)) if text else None
    answered = answer(workspace, item, words, choice)
    if as_json:
        invocation.terminal.json(answered_document(workspace.reader.tip(), answered))
    else:
        invocation.terminal.out(answered_text(answered))
