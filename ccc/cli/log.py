"""`git ccc log`."""

from __future__ import annotations

from typing import Any

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.cli.opening import open_workspace
from ccc.ops.log import Follower, Selection, log
from ccc.ops.workspace import Workspace
from ccc.runs.watcher import Watcher
from ccc.store.protocol import Logged
from ccc.views.documents import document, event_document, log_document
from ccc.views.text.log import log_text

PAUSE_SECONDS = 0.3


@click.command("log")
@click.argument("id", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on with what happens, oldest first, until interrupted")
@click.option("-n", "limit", type=click.IntRange(min=0), metavar="N", help="At most this many (default: all)")
@click.option(
    "--since", metavar="CURSOR", help="Only what is younger than this cursor, event, commit or time"
)
@click.option(
    "--type",
    "type_",
    metavar="TYPE",
    help="Only this type (session.committed) or family (session); one that there is not is refused",
)
@click.option(
    "--audit",
    is_flag=True,
    help="What proves the history; then decisions, refusals, foreign moves with who, key, evidence",
)
@json_option
@pass_invocation
def command_log(
    invocation: Invocation,
    id: str | None,
    follow: bool,
    limit: int | None,
    since: str | None,
    type_: str | None,
    audit: bool,
    as_json: bool,
) -> None:
    """Show the diary of what happened

    Youngest first. `git log refs/ccc` shows the same without ccc. --audit first says whether the history is
    proven unchanged by a signed checkpoint, then shows decisions with who took them and on what evidence.
    """
    workspace = open_workspace(invocation)
    selection = Selection(id, limit, since, type_, audit)
    if follow:
        _follow(invocation, workspace, selection, as_json=as_json)
        return
    if audit:
        _audit(invocation, workspace, selection, as_json=as_json)
        return
    events = log(workspace, selection)
    if as_json:
        invocation.terminal.json(log_document(workspace.reader.tip(), events))
    elif events:
        invocation.terminal.page(log_text(events, invocation.terminal))


def _event(workspace: Workspace, logged: Logged, selection: Selection) -> dict[str, Any]:
    if not selection.audit:
        return event_document(logged)
    from ccc.ops.audit import attributed
    from ccc.views.audit import audited_document

    return audited_document(attributed(workspace, [logged])[0])


def _audit(invocation: Invocation, workspace: Workspace, selection: Selection, *, as_json: bool) -> None:
    from ccc.ops.audit import audit
    from ccc.views.audit import audit_document, audit_text

    found = audit(workspace, selection)
    if as_json:
        invocation.terminal.json(audit_document(found))
    else:
        invocation.terminal.page(audit_text(found, invocation.terminal))


def _follow(invocation: Invocation, workspace: Workspace, selection: Selection, *, as_json: bool) -> None:
    terminal, follower = invocation.terminal, Follower(workspace, selection)
    watcher = Watcher(workspace.layout)
    while True:
        watcher.tick()
        for logged in follower.news():
            if as_json:
                tip = workspace.reader.tip()
                terminal.json(document(tip, **_event(workspace, logged, selection), cursor=tip), line=True)
            else:
                terminal.out(log_text([logged], terminal, audit=selection.audit))
        terminal.rest(PAUSE_SECONDS)
