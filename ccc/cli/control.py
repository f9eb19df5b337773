"""`git ccc start`, `stop`, `pause`, `resume`, `restart`: the agents of sessions."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.cli.opening import open_workspace
from ccc.errors import Usage
from ccc.ops.handling import Handled

NOW = click.option("--now", is_flag=True, help="Start at once, even beyond the limits")


def _print(invocation: Invocation, handled: list[Handled], as_json: bool) -> None:
    """One line a session, or the sessions as they are now."""
    from ccc.ops.look import look
    from ccc.views.documents import spawn_document

    if as_json:
        picture = look(open_workspace(invocation))
        invocation.terminal.json(spawn_document(picture, [picture.of(each.session) for each in handled]))
        return
    for each in handled:
        invocation.terminal.out(f"{each.what} {each.session.name}{f': {each.remark}' if each.remark else ''}")


@click.command("start")
@click.argument("ids", nargs=-1, required=True, metavar="ID..")
@click.option(
    "--engine", metavar="NAME", help="Program to start (default: the session's, role's, configured)"
)
@click.option("--fresh", is_flag=True, help="Begin a new conversation, even where there is one to take up")
@NOW
@json_option
@pass_invocation
def command_start(
    invocation: Invocation, ids: tuple[str, ...], engine: str | None, fresh: bool, now: bool, as_json: bool
) -> None:
    """Start an agent in a session

    Takes its conversation up again where there is one. Sessions worked by hand get an agent by this, too.
    Where there is no room it waits in the queue and starts by itself; one that waits there already is put
    before all others.
    """
    from ccc.ops.handling import start

    workspace = open_workspace(invocation)
    _print(invocation, start(workspace, ids, engine=engine, fresh=fresh, now=now), as_json)


@click.command("stop")
@click.argument("ids", nargs=-1, metavar="[ID..]")
@click.option("--all", "everything", is_flag=True, help="Every running session of this repository")
@click.option("--why", default="", metavar="TEXT", help="Reason to record")
@click.option(
    "--grace",
    type=click.FloatRange(min=0.0),
    default=5.0,
    show_default=True,
    help="Seconds between asking a process to end and killing it",
)
@json_option
@pass_invocation
def command_stop(
    invocation: Invocation, ids: tuple[str, ...], everything: bool, why: str, grace: float, as_json: bool
) -> None:
    """End a session's agent and everything it started

    Branch, worktree and conversation stay: `git ccc resume ID` goes on. Nothing of its process tree is left
    when this returns. A session that waits for room is taken out of the queue.
    """
    from ccc.ops.handling import stop

    if everything == bool(ids):
        raise Usage("name the sessions to stop, or all of them", "git ccc stop ID.. or git ccc stop --all")
    handled = stop(open_workspace(invocation), ids, why=why, grace=grace)
    if not handled and not as_json:
        invocation.terminal.out("nothing is running")
    _print(invocation, handled, as_json)


@click.command("pause")
@click.argument("ids", nargs=-1, required=True, metavar="ID..")
@json_option
@pass_invocation
def command_pause(invocation: Invocation, ids: tuple[str, ...], as_json: bool) -> None:
    """Halt a session's agent where it stands

    Every process of it is halted, none ended; messages wait. `git ccc resume ID` lets it go on.
    """
    from ccc.ops.handling import pause

    _print(invocation, pause(open_workspace(invocation), ids), as_json)


@click.command("resume")
@click.argument("ids", nargs=-1, required=True, metavar="ID..")
@click.option(
    "--budget",
    multiple=True,
    metavar="AMOUNT",
    help="Raise a limit to this, or by +this: 2usd, +200ktok, 30m, 4GB (default: as it is)",
)
@NOW
@json_option
@pass_invocation
def command_resume(
    invocation: Invocation, ids: tuple[str, ...], budget: tuple[str, ...], now: bool, as_json: bool
) -> None:
    """Let a paused, stopped, failed or lost session go on

    The same conversation in the same worktree, where the engine can. Only a person lets one go on that has
    used up a limit: with more of its money, tokens or time; with --now beyond what it has together with
    others. Memory, processes and going in circles are measured anew.
    """
    from ccc.domain import budgets
    from ccc.ops.handling import resume

    amounts = budgets.amounts(budget)
    _print(invocation, resume(open_workspace(invocation), ids, amounts=amounts, now=now), as_json)


@click.command("restart")
@click.argument("ids", nargs=-1, required=True, metavar="ID..")
@click.option("--fresh", is_flag=True, help="Begin a new conversation instead of taking up the old one")
@NOW
@json_option
@pass_invocation
def command_restart(
    invocation: Invocation, ids: tuple[str, ...], fresh: bool, now: bool, as_json: bool
) -> None:
    """Stop a session's agent, if it runs, and start it again"""
    from ccc.ops.handling import restart

    _print(invocation, restart(open_workspace(invocation), ids, fresh=fresh, now=now), as_json)
