"""`git ccc send`: messages to sessions."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.cli.opening import open_workspace, text_of
from ccc.errors import Usage


@click.command("send")
@click.argument("words", nargs=-1, required=True, metavar="ID.. TEXT")
@click.option(
    "--topic", metavar="TOPIC", help="Takes the place of what you sent on it that was not delivered yet"
)
@json_option
@pass_invocation
def command_send(invocation: Invocation, words: tuple[str, ...], topic: str | None, as_json: bool) -> None:
    """Send a message to sessions, to all of them, or to who orchestrates

    ID is a session, `all` or `orchestrator` (the session that spawned this one while its agent lives, else
    the people's inbox); the last word is the TEXT, - reads it from standard input. A working agent gets it at
    its next step, an idle one as its next turn; one at rest is taken up again for it.
    """
    from ccc.ops.send import send
    from ccc.views.messages import sent_document, sent_text

    *references, text = words
    if not references:
        raise Usage("say to whom, and what", 'git ccc send NAME "TEXT"')
    workspace = open_workspace(invocation)
    sent = send(workspace, references, text_of(text), topic=topic)
    if as_json:
        invocation.terminal.json(sent_document(workspace.reader.tip(), sent))
    else:
        invocation.terminal.out(sent_text(sent))
