"""`git ccc spawn`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.cli.opening import open_workspace, text_of
from ccc.errors import Usage

if TYPE_CHECKING:
    from ccc.ops.spawn import Spawned
    from ccc.ops.workspace import Workspace


@click.command("spawn")
@click.argument("role")
@click.argument("task")
@click.option("--name", help="Name of the session instead of one derived from the task")
@click.option(
    "--base", metavar="REV", help="Start from this commit, branch or session (default: tip of the target)"
)
@click.option(
    "--into", metavar="BRANCH", help="Land on this branch (default: configured, or the one checked out)"
)
@click.option(
    "--after",
    multiple=True,
    metavar="ID",
    help="Start only when this session is verified, unchecked for want of checks, or landed; from its commit",
)
@click.option(
    "--priority", type=int, default=0, show_default=True, help="Higher starts first, and lands first"
)
@click.option(
    "--count", type=int, default=1, show_default=True, help="Make this many sessions of the same task"
)
@click.option(
    "--key", metavar="KEY", help="Make a repeated call harmless: a second one finds the first one's session"
)
@click.option(
    "--engine", metavar="NAME", help="Program that works there (default: the role's, else configured)"
)
@click.option("--model", metavar="NAME", help="Model it is asked for (default: the role's, else configured)")
@click.option(
    "--timeout",
    metavar="TIME",
    help="Time that its turns may take: 90, 90s, 30m, 2h (default: configured)",
)
@click.option(
    "--budget",
    multiple=True,
    metavar="AMOUNT",
    help="Pause it when this is used up: 2usd, 200ktok, 30m, 2GB, 50procs (default: configured)",
)
@click.option(
    "--from",
    "origin",
    metavar="ID",
    help="Go on from this session: its conversation, or its notes and report",
)
@click.option("--runner", type=click.Choice(["local"]), default="local", help="Where its program runs")
@click.option("--now", is_flag=True, help="Start at once, even beyond the limits")
@click.option("--no-start", is_flag=True, help="Make branch, worktree and brief, and start no agent")
@json_option
@pass_invocation
def command_spawn(
    invocation: Invocation,
    role: str,
    task: str,
    name: str | None,
    base: str | None,
    into: str | None,
    after: tuple[str, ...],
    priority: int,
    count: int,
    key: str | None,
    engine: str | None,
    model: str | None,
    timeout: str | None,
    budget: tuple[str, ...],
    origin: str | None,
    runner: str,
    now: bool,
    no_start: bool,
    as_json: bool,
) -> None:
    """Give a specialist a branch, a worktree and a brief, and start it

    ROLE is one of `git ccc roles`; TASK is what to do in a sentence or more, `-` reads it from standard
    input. The worktree is beside the repository, in REPO.ccc/NAME. Where there is no room it waits in the
    queue and starts by itself.
    """
    from ccc.domain import budgets
    from ccc.ops.spawn import Request, spawn

    workspace, limits = open_workspace(invocation), budgets.parse(budget)
    if timeout is not None:
        if limits.seconds is not None:
            raise Usage("--timeout and --budget both limit the time", "give one of them")
        limits = replace(limits, seconds=_limit(timeout))
    request = Request(
        role=role,
        task=text_of(task),
        name=name,
        base=base,
        into=into,
        priority=priority,
        key=key,
        count=count,
        after=after,
        start=not no_start,
        now=now,
        engine=engine,
        model=model,
        limits=limits,
        origin=origin,
        runner=runner,
    )
    _tell(invocation, workspace, spawn(workspace, request), as_json=as_json)


def _limit(timeout: str) -> int:
    """The time limit in whole seconds. Raises Usage."""
    from ccc.domain.durations import seconds

    found = round(seconds(timeout))
    if found <= 0:
        raise Usage(f"{timeout} is no time limit: it must be more than nothing", "write 90, 90s, 30m or 2h")
    return found


def _tell(invocation: Invocation, workspace: Workspace, made: Sequence[Spawned], *, as_json: bool) -> None:
    from ccc.ops.look import look
    from ccc.views.documents import spawn_document
    from ccc.views.text.spawned import spawned_text

    for each in made:
        for remark in each.remarks:
            invocation.terminal.err(remark)
    if as_json:
        picture = look(workspace)
        sightings = [picture.of(each.session) for each in made]
        invocation.terminal.json(spawn_document(picture, sightings))
        return
    for each in made:
        invocation.terminal.out(spawned_text(each))
