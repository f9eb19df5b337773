"""`git ccc send`: messages to sessions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.cli.opening import open_workspace, text_of
from ccc.errors import Usage

if TYPE_CHECKING:
    from ccc.ops.delivery import Sent
    from ccc.ops.workspace import Workspace


@click.command("send")
@click.argument("words", nargs=-1, required=True, metavar="ID.. TEXT")
@click.option(
    "--topic", metavar="TOPIC", help="Takes the place of what you sent on it that was not delivered yet"
)
@click.option(
    "--wait",
    "goal",
    type=click.Choice(["ack", "delivered"]),
    help="Wait until each receiver has acknowledged it, or has it",
)
@click.option("--timeout", metavar="TIME", help="Give up waiting after 90, 90s, 30m, 2h (default: never)")
@click.option("--now", is_flag=True, help="Take an agent at rest up at once, even beyond the limits")
@json_option
@pass_invocation
@click.pass_context
def command_send(
    context: click.Context,
    invocation: Invocation,
    words: tuple[str, ...],
    topic: str | None,
    goal: str | None,
    timeout: str | None,
    now: bool,
    as_json: bool,
) -> None:
    """Send a message to sessions, to all of them, or to who orchestrates

    ID is a session, `all` or `orchestrator` (the session that spawned this one while its agent lives, else
    the people's inbox); the last word is the TEXT, - reads it from standard input. A working agent gets it at
    its next step, an idle one as its next turn; one at rest is taken up again for it, when there is room.
    What can never arrive bounces, and you are told why. With --wait it ends with 0 when all have it, 1 when
    it bounced or its receiver was stopped, 4 at the time limit; a session acknowledges by
    `git ccc inbox --ack`, or by sending to who sent.
    """
    from ccc.domain.durations import seconds
    from ccc.ops.send import send

    *references, text = words
    if not references:
        raise Usage("say to whom, and what", 'git ccc send NAME "TEXT"')
    if timeout is not None and goal is None:
        raise Usage("--timeout is for --wait", "git ccc send --wait ack --timeout 10m NAME TEXT")
    limit = None if timeout is None else seconds(timeout)
    workspace = open_workspace(invocation)
    sent = send(workspace, references, text_of(text), topic=topic, now=now)
    if goal is not None:
        from ccc.ops.receipts import wait

        if not as_json:
            from ccc.views.messages import sent_text

            invocation.terminal.err(sent_text(sent))
        receipts = wait(workspace, sent, goal, limit)
        _print(invocation, workspace, receipts.sent, as_json, timed_out=receipts.timed_out)
        if receipts.timed_out and not as_json:
            from ccc.views.messages import overdue_text

            invocation.terminal.err(overdue_text(receipts, goal, str(timeout)))
        context.exit(receipts.exit)
    _print(invocation, workspace, sent, as_json)


def _print(
    invocation: Invocation,
    workspace: Workspace,
    sent: Sequence[Sent],
    as_json: bool,
    *,
    timed_out: bool | None = None,
) -> None:
    from ccc.views.messages import sent_document, sent_text

    if as_json:
        invocation.terminal.json(sent_document(workspace.reader.tip(), sent, timed_out=timed_out))
    else:
        invocation.terminal.out(sent_text(sent))
