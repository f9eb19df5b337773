"""`git ccc watch`."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.cli.opening import open_workspace
from ccc.ops.watch import Activity, Watcher
from ccc.views.watch import activity_document, activity_text

PAUSE_SECONDS = 0.3
USUAL = 10


@click.command("watch")
@click.argument("ids", nargs=-1)
@click.option(
    "-n",
    "last",
    type=click.IntRange(min=0),
    default=USUAL,
    show_default=True,
    metavar="N",
    help="Begin with the last N activities of before",
)
@json_option
@pass_invocation
def command_watch(invocation: Invocation, ids: tuple[str, ...], last: int, as_json: bool) -> None:
    """Show what goes on in all sessions, as it happens

    One line an activity: what is said, which tools are used, how they end, commits, messages, changes of
    status; each session in a colour of its own. From what engines write down on this machine, and from the
    diary, which also has what other machines share. Goes on until interrupted; with --json a document a line.
    """
    watcher = Watcher(open_workspace(invocation), ids, last)
    _show(invocation, watcher, watcher.before(), as_json=as_json)
    while True:
        _show(invocation, watcher, watcher.news(), as_json=as_json)
        invocation.terminal.rest(PAUSE_SECONDS)


def _show(invocation: Invocation, watcher: Watcher, found: list[Activity], *, as_json: bool) -> None:
    terminal = invocation.terminal
    columns = terminal.width if terminal.is_terminal else None
    for activity in found:
        if as_json:
            terminal.json(activity_document(watcher.tip, activity), line=True)
        else:
            terminal.out(activity_text(activity, terminal, columns))
