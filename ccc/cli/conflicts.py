"""`git ccc conflicts`."""

from __future__ import annotations

import os

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.cli.opening import open_workspace
from ccc.ops.radar.report import Report, report
from ccc.ops.workspace import Workspace
from ccc.runs.watcher import Watcher
from ccc.views.conflicts import conflicts_document, conflicts_text

PAUSE_SECONDS = 0.3
CONFLICTS = 3
"""The exit code where there is one: a person must decide (docs/exit-codes.md)."""


@click.command("conflicts")
@click.option("-f", "--follow", is_flag=True, help="Show it again whenever it changes, until interrupted")
@click.option("--now", is_flag=True, help="Look first, into every worktree, instead of showing what was seen")
@json_option
@pass_invocation
@click.pass_context
def command_conflicts(
    context: click.Context, invocation: Invocation, follow: bool, now: bool, as_json: bool
) -> None:
    """Show which sessions' work conflicts, and where

    For each pair the files, and the lines of both sides.
    Work that is not committed counts, and worktrees that could not be looked into are named. Shown is what
    the radar saw last, which looks by itself while agents run and whenever a branch moves; where nobody has
    looked yet, it looks first. Ends with 0 where there is no conflict, with 3 where there is one.
    """
    workspace = open_workspace(invocation).require()
    found = report(workspace)
    if now or _is_first(workspace, found):
        from ccc.ops.radar.check import check  # writes: the store's libraries, only where somebody looks

        check(workspace, afresh=True)
        found = report(workspace)
    _show(invocation, workspace, found, as_json=as_json, line=follow)
    if follow:
        _follow(invocation, workspace, found, as_json=as_json)
    context.exit(CONFLICTS if found.conflicts else 0)


def _is_first(workspace: Workspace, found: Report) -> bool:
    """Whether nobody has looked here yet and it can be done: "no conflict" is not known before."""
    return found.is_on and found.checked_at is None and os.access(workspace.layout.root, os.W_OK)


def _show(invocation: Invocation, workspace: Workspace, found: Report, *, as_json: bool, line: bool) -> None:
    if as_json:
        invocation.terminal.json(conflicts_document(found), line=line)
    else:
        invocation.terminal.out(conflicts_text(found, workspace.now(), invocation.terminal))


def _essence(found: Report) -> tuple[object, ...]:
    """What is worth showing again when it changes."""
    return found.conflicts, list(found.hot), [(session.id, why) for session, why in found.unseen]


def _follow(invocation: Invocation, workspace: Workspace, shown: Report, *, as_json: bool) -> None:
    watcher = Watcher(workspace.layout)
    while True:
        watcher.tick()
        invocation.terminal.rest(PAUSE_SECONDS)
        found = report(workspace)
        if _essence(found) != _essence(shown):
            shown = found
            if not as_json:
                invocation.terminal.out("")
            _show(invocation, workspace, found, as_json=as_json, line=True)
