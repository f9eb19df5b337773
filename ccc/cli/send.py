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
        context.exit(_wait(invocation, workspace, sent, goal, limit, timeout, as_json=as_json))
    if as_json:
        from ccc.views.messages import sent_document

        invocation.terminal.json(sent_document(workspace.reader.tip(), sent))
    else:
        _tell(invocation, sent)


def _wait(
    invocation: Invocation,
    workspace: Workspace,
    sent: Sequence[Sent],
    goal: str,
    limit: float | None,
    typed: str | None,
    *,
    as_json: bool,
) -> int:
    """Tells how it goes at once, and again of each message of which something else is true at the end."""
    from ccc.ops.receipts import wait
    from ccc.views.messages import overdue_text, sent_document

    if not as_json:
        _tell(invocation, sent)
    receipts = wait(workspace, sent, goal, limit)
    if as_json:
        tip = workspace.reader.tip()
        invocation.terminal.json(sent_document(tip, receipts.sent, timed_out=receipts.timed_out))
        return receipts.exit
    before = {each.id: each for each in sent}
    _tell(invocation, [each for each in receipts.sent if each.how != before[each.id].how])
    if receipts.timed_out:
        invocation.terminal.err(overdue_text(receipts, goal, str(typed)))
    return receipts.exit


def _tell(invocation: Invocation, sent: Sequence[Sent]) -> None:
    from ccc.views.messages import sent_text

    if sent:
        invocation.terminal.out(sent_text(sent))
