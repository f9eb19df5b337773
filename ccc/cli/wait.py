"""`git ccc wait`."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.cli.opening import open_workspace
from ccc.errors import Usage


@click.command("wait")
@click.argument("ids", nargs=-1)
@click.option(
    "--any", "any_of", is_flag=True, help="End with the first that is done, has failed or needs you"
)
@click.option("--all", "all_of", is_flag=True, help="End when all of them are (the default)")
@click.option(
    "--for", "statuses", multiple=True, metavar="STATUS", help="Wait for this status instead of done"
)
@click.option(
    "--since", metavar="CURSOR", help="Count only what is new after this cursor, event, commit or time"
)
@click.option("--timeout", metavar="TIME", help="Give up after 90, 90s, 30m, 2h (default: never)")
@json_option
@pass_invocation
@click.pass_context
def command_wait(
    context: click.Context,
    invocation: Invocation,
    ids: tuple[str, ...],
    any_of: bool,
    all_of: bool,
    statuses: tuple[str, ...],
    since: str | None,
    timeout: str | None,
    as_json: bool,
) -> None:
    """Wait until sessions are done, have failed or need you

    Ends with 0 when all are done, 1 when one failed or was closed before, 3 when one needs you, 4 at the time
    limit. Whoever waits with --after for one that needs you is not waited for. With --any, and without --for,
    a message, a limit or a denied tool ends it, too; --since with the cursor of the wait before tells what is
    new only, each thing once. Starts the checks of a session that reports done, if nothing runs them yet.
    """
    from ccc.domain.durations import seconds
    from ccc.domain.status import STATUSES
    from ccc.ops.children import heard
    from ccc.ops.wait import Order, wait
    from ccc.views.documents import wait_document
    from ccc.views.text.waited import waited_text

    if any_of and all_of:
        raise Usage("--any and --all exclude each other")
    unknown = [status for status in statuses if status not in STATUSES]
    if unknown:
        raise Usage(f"there is no status {unknown[0]}", f"one of {' '.join(STATUSES)}")
    order = Order(ids, any_of, statuses, since, None if timeout is None else seconds(timeout))
    workspace = open_workspace(invocation)
    waited = wait(workspace, order)
    if as_json:
        invocation.terminal.json(wait_document(waited))
    else:
        invocation.terminal.out(waited_text(waited))
        if any_of and waited.cursor is not None:
            invocation.terminal.err(f"go on with: git ccc wait --any --since {waited.cursor}")
    heard(workspace, waited.picture, waited.told)
    context.exit(waited.exit)
