"""`git ccc metrics`: what agents cost, what they use of this machine, how landings went."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.cli.opening import open_workspace
from ccc.errors import Usage
from ccc.ops.workspace import Workspace

KINDS = ("cost", "merging", "top")
BY = ("session", "role", "plan", "day", "person", "model")
"""As in ccc.ops.metrics.cost, which is imported where it is needed."""

PAUSE_SECONDS = 2.0
CLEAR = "\x1b[H\x1b[2J"


@click.command("metrics")
@click.argument("kind", metavar="[cost|merging|top]", required=False, type=click.Choice(KINDS))
@click.option("--by", type=click.Choice(BY), help="With cost: one row for each of these (default: session)")
@click.option(
    "--since",
    metavar="TIME",
    help="With cost and merging: from this time, cursor, event or commit on (cost: from its UTC day)",
)
@click.option("-n", "last", type=click.IntRange(min=0), metavar="N", help="With top: the N busiest sessions")
@click.option("-w", "--watch", is_flag=True, help="With top: look again every two seconds until interrupted")
@json_option
@pass_invocation
def command_metrics(
    invocation: Invocation,
    kind: str | None,
    by: str | None,
    since: str | None,
    last: int | None,
    watch: bool,
    as_json: bool,
) -> None:
    """Show what agents cost, what they use of this machine, and how landings went

    cost: tokens and money as the engines told them, each turn once, on the UTC day on which it ended. Input
    includes what came from a cache. What no engine told is said, and not counted as 0.

    merging: of the work that sessions reported as done how much was in conflict with its target, how long
    it took to land, gates that failed, approvals that became stale; from the diary alone.

    top: processor, memory and processes of each living session, with everything that it started.

    Alone: sessions by status, cost of today and ever, how long messages and landings took. Hand-off success,
    rework, compactions and peak context are not measured, and so not shown.
    """
    _refuse(kind, "cost", {"--by": by, "--since": None if kind == "merging" else since})
    _refuse(kind, "top", {"-n": last, "-w": watch or None})
    workspace = open_workspace(invocation)
    if kind == "cost":
        _cost(invocation, workspace, by or BY[0], since, as_json=as_json)
    elif kind == "merging":
        _merging(invocation, workspace, since, as_json=as_json)
    elif kind == "top":
        _top(invocation, workspace, last, watch=watch, as_json=as_json)
    else:
        _overview(invocation, workspace, as_json=as_json)


def _refuse(kind: str | None, wanted: str, given: dict[str, object]) -> None:
    for name, value in given.items():
        if value is not None and kind != wanted:
            raise Usage(f"{name} goes with metrics {wanted}", f"git ccc metrics {wanted} {name}")


def _cost(invocation: Invocation, workspace: Workspace, by: str, since: str | None, *, as_json: bool) -> None:
    from ccc.ops.metrics.cost import cost
    from ccc.views.metrics import cost_document
    from ccc.views.text.metrics import cost_text

    found = cost(workspace, by, since)
    if as_json:
        invocation.terminal.json(cost_document(found))
    else:
        invocation.terminal.page(cost_text(found, invocation.terminal))


def _merging(invocation: Invocation, workspace: Workspace, since: str | None, *, as_json: bool) -> None:
    from ccc.ops.metrics.merging import merging
    from ccc.views.merging import merging_document, merging_text

    found = merging(workspace, since)
    if as_json:
        invocation.terminal.json(merging_document(found))
    else:
        invocation.terminal.out(merging_text(found))


def _overview(invocation: Invocation, workspace: Workspace, *, as_json: bool) -> None:
    from ccc.ops.metrics.overview import overview
    from ccc.views.metrics import overview_document
    from ccc.views.text.metrics import overview_text

    found = overview(workspace)
    if as_json:
        invocation.terminal.json(overview_document(found))
    else:
        invocation.terminal.page(overview_text(found, invocation.terminal))


def _top(
    invocation: Invocation, workspace: Workspace, last: int | None, *, watch: bool, as_json: bool
) -> None:
    from ccc.ops.metrics.top import Tops
    from ccc.views.metrics import top_document
    from ccc.views.text.metrics import top_text

    terminal, tops = invocation.terminal, Tops(workspace, invocation.terminal.rest)
    while True:
        found = tops.look()
        if as_json:
            terminal.json(top_document(found, last), line=watch)
        else:
            clear = CLEAR if watch and terminal.is_terminal else ""
            terminal.out(clear + top_text(found, terminal, last))
        if not watch:
            return
        terminal.output.flush()
        terminal.rest(PAUSE_SECONDS)
