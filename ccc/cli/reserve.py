"""`git ccc reserve`: paths that a session wants for itself for a while."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.cli.opening import open_workspace
from ccc.errors import TimedOut, Usage


@click.command("reserve")
@click.argument("paths", nargs=-1, metavar="[PATH..]")
@click.option("--owned", is_flag=True, help="The paths that the session's role owns")
@click.option("--release", is_flag=True, help="Give these back, without PATH all that the session has")
@click.option("--session", metavar="ID", help="Speak for this session (needed outside its worktree)")
@json_option
@pass_invocation
def command_reserve(
    invocation: Invocation,
    paths: tuple[str, ...],
    owned: bool,
    release: bool,
    session: str | None,
    as_json: bool,
) -> None:
    """Reserve paths for a session, or show who has which

    PATH is a file, a folder with all below it, or a pattern (`*`, `**`). The oldest holds; others wait
    behind it and are told when it is theirs: this ends with 4 then. A landing, closing or stop gives
    everything back.
    Other sessions are warned, or refused by `reserve.mode = "deny"`, when they commit or edit there: that
    stops accidents of well-meaning agents, nothing else.
    """
    from ccc.ops.report import speaker
    from ccc.ops.reservations import reserve as ops
    from ccc.ops.reservations.held import holdings
    from ccc.ops.reservations.written import write_down
    from ccc.views.reserving import held_text, reservations_document, reservations_text

    workspace, terminal = open_workspace(invocation), invocation.terminal
    if not (paths or owned or release):
        held = holdings(workspace)
        if as_json:
            terminal.json(reservations_document(workspace.reader.tip(), held))
        else:
            terminal.out(reservations_text(held) or "nothing is reserved")
        return
    if paths and owned:
        raise Usage("--owned stands in place of PATH", "git ccc reserve --owned")
    who = speaker(workspace, session, "reserve")
    wanted = ops.owned(workspace, who) if owned else ops.paths_from(workspace, paths)
    if release:
        given = ops.release(workspace, who, wanted)
        write_down(workspace, holdings(workspace))
        terminal.out(f"{who.name} released {', '.join(claim.path for claim in given)}")
        return
    held = ops.reserve(workspace, who, wanted)
    write_down(workspace, holdings(workspace))
    if as_json:
        terminal.json(reservations_document(workspace.reader.tip(), held))
    else:
        terminal.out(held_text(held))
    if not all(each.standing.holds for each in held):
        raise click.exceptions.Exit(TimedOut.exit)
