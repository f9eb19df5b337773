"""`git ccc ask`: a question of a session."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.cli.opening import open_workspace, text_of
from ccc.text import printable_lines


@click.command("ask")
@click.argument("text")
@click.option("--choice", "choices", multiple=True, metavar="A", help="An answer to choose from; repeatable")
@click.option("--session", metavar="ID", help="Ask for this session (needed outside its worktree)")
@click.option(
    "--timeout", metavar="TIME", help="Wait for the answer and print it: 90, 90s, 30m, 2h (default: do not)"
)
@json_option
@pass_invocation
@click.pass_context
def command_ask(
    context: click.Context,
    invocation: Invocation,
    text: str,
    choices: tuple[str, ...],
    session: str | None,
    timeout: str | None,
    as_json: bool,
) -> None:
    """Ask a question; the answer comes as a message

    TEXT goes to the inbox of the people, - reads it from standard input; the session counts as waiting until
    somebody answers. With --timeout: prints the answer, or ends with 4 and leaves the question open.
    """
    from ccc.domain.durations import seconds
    from ccc.ops.ask import ask, ask_and_wait
    from ccc.ops.report import speaker
    from ccc.views.messages import asked_document, asked_text

    workspace = open_workspace(invocation)
    asking, words = speaker(workspace, session, "ask"), text_of(text)
    if timeout is None:
        question, found = ask(workspace, asking, words, choices), None
    else:
        question, found = ask_and_wait(workspace, asking, words, choices, seconds(timeout))
    terminal = invocation.terminal
    if as_json:
        terminal.json(asked_document(workspace.reader.tip(), question, asking, found))
    elif found is not None:
        terminal.out(printable_lines(found))
    else:
        terminal.out(asked_text(question, asking))
    if timeout is not None and found is None:
        context.exit(4)
