"""`git ccc queue`."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.cli.opening import open_workspace
from ccc.errors import Refused, Usage
from ccc.ops.find import find
from ccc.ops.landing import calling, running
from ccc.ops.landing.approve import drop, queue
from ccc.ops.landing.overview import left_out, overview, unqueued
from ccc.ops.look import look
from ccc.ops.peek import peek
from ccc.ops.workspace import Workspace
from ccc.views.queued import queue_document
from ccc.views.text.landed import nothing_text, queue_text


@click.command("queue")
@click.argument("ids", nargs=-1)
@click.option("--first", metavar="ID", help="Put this one in front of all others")
@click.option("--drop", "dropped", metavar="ID", help="Take this one out of the queue")
@json_option
@pass_invocation
def command_queue(
    invocation: Invocation, ids: tuple[str, ...], first: str | None, dropped: str | None, as_json: bool
) -> None:
    """Show what waits to land, or put sessions into the queue

    The order is by priority, then by when it was queued, and behind what an entry depends on; `git ccc merge`
    without ID lands in this order. Gates of what is queued are run in the background, each on the target with
    those ahead landed that it overlaps with.
    """
    if [bool(ids), first is not None, dropped is not None].count(True) > 1:
        raise Usage("choose one of ID.., --first ID, --drop ID")
    workspace = open_workspace(invocation)
    for reference in ids:
        _queue(workspace, reference, first=False)
    if first is not None:
        _queue(workspace, first, first=True)
    if dropped is not None:
        _drop(invocation, workspace, dropped)
    if ids or first is not None or dropped is not None:
        calling.start(workspace)
    with peek(workspace) as aside:
        entries = overview(aside)
        others, tested = left_out(aside, entries), unqueued(aside)
    queued = sum(each.view.status == "queued" for each in look(workspace).sightings)
    if as_json:
        invocation.terminal.json(queue_document(workspace.reader.tip(), entries, others, tested))
    else:
        invocation.terminal.out(queue_text(entries, others, tested) or nothing_text(queued))


def _drop(invocation: Invocation, workspace: Workspace, reference: str) -> None:
    session = find(reference, look(workspace).sessions)
    drop(workspace, session)
    if any(session.id in waited for waited in running.wishes(workspace.layout).values()):
        invocation.terminal.err(
            f"a git ccc merge waits for {session.name} and goes on;"
            f" git ccc merge --abort {session.name} ends its gate, and it does not land"
        )


def _queue(workspace: Workspace, reference: str, *, first: bool) -> None:
    session = find(reference, look(workspace).sessions)
    if session.closed is not None or session.landed_head:
        state = "is closed" if session.closed is not None else "has landed"
        raise Refused(f"{session.name} {state}", f"git ccc show {session.name}")
    queue(workspace, session, first=first)
