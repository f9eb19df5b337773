"""`git ccc status`."""

from __future__ import annotations

import time
from collections.abc import Sequence

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.cli.opening import open_workspace
from ccc.errors import Usage
from ccc.ops import background
from ccc.ops.look import Picture, Sighting, counted, look
from ccc.ops.workspace import Workspace
from ccc.store.protocol import Logged
from ccc.views.text.status import fields_text, short_text, status_text

PAUSE_SECONDS = 1.0
RESTART_SECONDS = 5.0
"""How often `-w` may start the background drain."""

CLEAR = "\x1b[H\x1b[2J"


@click.command("status")
@click.argument("ids", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Closed sessions, too")
@click.option("--mine", is_flag=True, help="Only sessions that you started")
@click.option("--short", is_flag=True, help="One line a session: name and status")
@click.option("--fields", metavar="A,B", help="These fields of the JSON, tab-separated, one line a session")
@click.option(
    "--since", metavar="CURSOR", help="Only sessions that changed after this cursor, event, commit or time"
)
@click.option("--at", metavar="REV|TIME", help="As it was recorded at a commit of refs/ccc or a time")
@click.option("-w", "--watch", is_flag=True, help="Show it again every second until interrupted")
@json_option
@pass_invocation
def command_status(
    invocation: Invocation,
    ids: tuple[str, ...],
    everything: bool,
    mine: bool,
    short: bool,
    fields: str | None,
    since: str | None,
    at: str | None,
    watch: bool,
    as_json: bool,
) -> None:
    """Show every session, its status and why it is believed

    Hides only closed sessions. `+3 -1` are the commits ahead of and behind the target, the brief's commit
    among them; they are counted for the first 32 open sessions.
    """
    if short and fields:
        raise Usage("--short and --fields exclude each other")
    workspace = open_workspace(invocation)
    names = _fields(fields)
    last_start = -RESTART_SECONDS
    while True:
        picture = look(workspace, None if at is None else workspace.reader.commit_at(at))
        shown = _selected(workspace, picture, ids, everything=everything, mine=mine, since=since)
        if at is None and not short:
            shown = counted(workspace, shown)
        if watch and not as_json and invocation.terminal.is_terminal:
            invocation.terminal.output.write(CLEAR)
        _print(invocation, workspace, picture, shown, short=short, names=names, as_json=as_json, watch=watch)
        if at is None and time.monotonic() - last_start > RESTART_SECONDS:
            background.start_if_due(workspace, picture)
            last_start = time.monotonic()
        if not watch:
            return
        invocation.terminal.output.flush()
        time.sleep(PAUSE_SECONDS)


def _fields(text: str | None) -> list[str]:
    if not text:
        return []
    from ccc.views.documents import SESSION_KEYS

    names = [name.strip() for name in text.split(",")]
    unknown = [name for name in names if name not in SESSION_KEYS]
    if unknown:
        raise Usage(f"there is no field {unknown[0]}", f"one of {', '.join(SESSION_KEYS)}")
    return names


def _selected(
    workspace: Workspace,
    picture: Picture,
    ids: Sequence[str],
    *,
    everything: bool,
    mine: bool,
    since: str | None,
) -> list[Sighting]:
    shown = list(picture.sightings)
    if ids:
        from ccc.ops.find import find_all

        chosen = {session.id for session in find_all(ids, picture.sessions)}
        shown = [sighting for sighting in shown if sighting.session.id in chosen]
    if not ids and not everything:
        shown = [sighting for sighting in shown if sighting.session.closed is None]
    if mine:
        from ccc.ops.actor import actor_of

        me = actor_of(workspace).by
        shown = [sighting for sighting in shown if sighting.session.created_by == me]
    if since is not None:
        changed = {logged.event.session for logged in _younger(workspace, since)}
        shown = [sighting for sighting in shown if sighting.session.id in changed]
    return shown


def _younger(workspace: Workspace, since: str) -> list[Logged]:
    from ccc.ops.log import Selection, log

    return log(workspace, Selection(since=since))


def _print(
    invocation: Invocation,
    workspace: Workspace,
    picture: Picture,
    shown: list[Sighting],
    *,
    short: bool,
    names: list[str],
    as_json: bool,
    watch: bool,
) -> None:
    terminal = invocation.terminal
    if names and not as_json:
        terminal.out(fields_text(shown, names, picture.sightings))
        return
    if short and not as_json:
        terminal.out(short_text(shown))
        return
    from ccc.ops.inbox import items
    from ccc.views.documents import status_document

    waiting = items(workspace, picture)
    if as_json:
        terminal.json(status_document(picture, shown, waiting), line=watch)
    else:
        closed = sum(sighting.session.closed is not None for sighting in picture.sightings)
        hidden = closed - sum(sighting.session.closed is not None for sighting in shown)
        terminal.out(status_text(shown, waiting, workspace.now(), terminal, hidden=hidden))
