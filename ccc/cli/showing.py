"""What `git ccc status` does and prints. Without click, so that it can be had without."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ccc.cli.call import Invocation
from ccc.cli.opening import open_workspace
from ccc.errors import Usage
from ccc.ops import background
from ccc.ops.look import Picture, Sighting, counted, look
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.store.protocol import Logged
from ccc.views.text.status import fields_text, none_text, short_text, status_text

if TYPE_CHECKING:
    from ccc.runs.watcher import Watcher

PAUSE_SECONDS = 1.0
RESTART_SECONDS = 5.0
"""How often `-w` may start the background drain."""

CLEAR = "\x1b[H\x1b[2J"


@dataclass(frozen=True)
class Wishes:
    """Which sessions to show, and how; the options of the command."""

    ids: tuple[str, ...] = ()
    everything: bool = False
    mine: bool = False
    short: bool = False
    fields: str | None = None
    since: str | None = None
    at: str | None = None
    watch: bool = False
    as_json: bool = False

    @property
    def chosen(self) -> bool:
        """Whether only some are asked for by what they are."""
        return self.mine or self.since is not None


def show_status(invocation: Invocation, wishes: Wishes) -> None:
    """Prints the sessions wished for; with `watch` again and again. Raises Usage, NotFound, Ambiguous."""
    if wishes.short and wishes.fields:
        raise Usage("--short and --fields exclude each other")
    workspace = open_workspace(invocation)
    names = _fields(wishes.fields)
    last_start, watcher = -RESTART_SECONDS, None
    while True:
        picture = look(workspace, None if wishes.at is None else workspace.reader.commit_at(wishes.at))
        if wishes.at is None and not wishes.short:
            picture = _with_stale(workspace, picture)
        shown = _selected(workspace, picture, wishes)
        if wishes.at is None and not wishes.short:
            shown = counted(workspace, shown)
        if wishes.watch and not wishes.as_json and invocation.terminal.is_terminal:
            invocation.terminal.output.write(CLEAR)
        _print(invocation, workspace, picture, shown, wishes, names)
        if wishes.at is None and time.monotonic() - last_start > RESTART_SECONDS:
            background.start_if_due(workspace, picture)
            last_start = time.monotonic()
        if not wishes.watch:
            return
        watcher = watcher or _watcher(workspace)
        watcher.tick()
        invocation.terminal.rest(PAUSE_SECONDS)


def _with_stale(workspace: Workspace, picture: Picture) -> Picture:
    from ccc.ops.stale import stale, with_stale  # what waits for a person needs it anyway

    return with_stale(picture, stale(workspace, picture))


def _watcher(workspace: Workspace) -> Watcher:
    from ccc.runs.watcher import Watcher  # for who stays only

    return Watcher(workspace.layout)


def _fields(text: str | None) -> list[str]:
    if not text:
        return []
    from ccc.views.documents import SESSION_KEYS

    names = [name.strip() for name in text.split(",")]
    unknown = [name for name in names if name not in SESSION_KEYS]
    if unknown:
        raise Usage(f"there is no field {unknown[0]}", f"one of {', '.join(SESSION_KEYS)}")
    return names


def _selected(workspace: Workspace, picture: Picture, wishes: Wishes) -> list[Sighting]:
    shown = list(picture.sightings)
    if wishes.ids:
        from ccc.ops.find import find_all

        chosen = {session.id for session in find_all(wishes.ids, picture.sessions)}
        shown = [sighting for sighting in shown if sighting.session.id in chosen]
    elif not wishes.everything:
        shown = [sighting for sighting in shown if sighting.session.closed is None]
    if wishes.mine:
        from ccc.ops.actor import actor_of

        me = actor_of(workspace).by
        shown = [sighting for sighting in shown if sighting.session.created_by == me]
    if wishes.since is not None:
        changed = {logged.event.session for logged in _younger(workspace, wishes.since)}
        shown = [sighting for sighting in shown if sighting.session.id in changed]
    return shown


def _younger(workspace: Workspace, since: str) -> list[Logged]:
    from ccc.ops.log import Selection, log

    return log(workspace, Selection(since=since))


def _print(
    invocation: Invocation,
    workspace: Workspace,
    picture: Picture,
    shown: Sequence[Sighting],
    wishes: Wishes,
    names: Sequence[str],
) -> None:
    terminal = invocation.terminal
    if names and not wishes.as_json:
        from ccc.views.documents import unread

        terminal.out(fields_text(shown, names, picture.sightings, unread(picture.state)))
        return
    if wishes.short and not wishes.as_json:
        terminal.out(short_text(shown))
        return
    from ccc.ops.inbox import items
    from ccc.views.documents import status_document, unread

    waiting = items(workspace, picture)
    if wishes.as_json:
        terminal.json(status_document(picture, shown, waiting), line=wishes.watch)
    else:
        closed = sum(sighting.session.closed is not None for sighting in picture.sightings)
        hidden = closed - sum(sighting.session.closed is not None for sighting in shown)
        if not shown and wishes.chosen and picture.sightings:
            terminal.out(none_text(len(picture.sightings), since=wishes.since is not None))
            return
        mail = unread(picture.state)
        terminal.out(status_text(shown, waiting, workspace.now(), terminal, hidden=hidden, unread=mail))
