"""`git ccc resolve`: conflicts of sessions with their targets, and who resolves them."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.cli.opening import open_workspace
from ccc.errors import Conflict, Usage
from ccc.ops.peek import peek
from ccc.ops.workspace import Workspace


@click.command("resolve")
@click.argument("id", required=False)
@click.option("--hand-back", is_flag=True, help="Tell the session, whose agent resolves it in its worktree")
@click.option("--session", "role", metavar="ROLE", help="Spawn a session of this role that resolves it")
@click.option("--engine", metavar="NAME", help="With --session: the program that works there")
@click.option("--here", is_flag=True, help="Resolve it yourself in a scratch worktree, whose path is printed")
@click.option("--done", is_flag=True, help="With --here: put what you resolved onto the session's branch")
@click.option("--abort", is_flag=True, help="With --here: give it up; what stands there is backed up")
@json_option
@pass_invocation
def command_resolve(
    invocation: Invocation,
    id: str | None,
    hand_back: bool,
    role: str | None,
    engine: str | None,
    here: bool,
    done: bool,
    abort: bool,
    as_json: bool,
) -> None:
    """Show conflicts with the target, or have one resolved

    Without ID every session that would conflict. With ID its files and hunks, base and both sides with their
    tasks, and what is remembered of resolving the same conflict before; ends with 3 where there is one.
    Whoever resolves it, the result is a new commit: checks, gate and a person's approval follow as ever.
    """
    _check(id, hand_back=hand_back, role=role, engine=engine, here=here, ends=(done, abort))
    workspace = open_workspace(invocation)
    if id is None:
        _list(invocation, workspace, as_json=as_json)
    elif hand_back:
        _hand_back(invocation, workspace, id)
    elif role is not None:
        _spawn(invocation, workspace, id, role, engine)
    elif here:
        _here(invocation, workspace, id, done=done, abort=abort)
    else:
        _show(invocation, workspace, id, as_json=as_json)


def _check(
    id: str | None,
    *,
    hand_back: bool,
    role: str | None,
    engine: str | None,
    here: bool,
    ends: tuple[bool, bool],
) -> None:
    chosen = [hand_back, role is not None, here].count(True)
    if chosen > 1:
        raise Usage("choose one of --hand-back, --session ROLE, --here")
    if chosen and id is None:
        raise Usage("say whose conflict", "git ccc resolve lists them")
    if any(ends) and not here:
        raise Usage("--done and --abort go with --here", f"git ccc resolve {id or 'ID'} --here --done")
    if all(ends):
        raise Usage("--done and --abort exclude each other")
    if engine is not None and role is None:
        raise Usage("--engine goes with --session ROLE")


def _list(invocation: Invocation, workspace: Workspace, *, as_json: bool) -> None:
    from ccc.ops.resolving.listing import conflicts
    from ccc.views.resolving import conflicts_document
    from ccc.views.text.resolving import conflicts_text

    rows = conflicts(workspace)
    if as_json:
        invocation.terminal.json(conflicts_document(workspace.reader.tip(), rows))
    else:
        invocation.terminal.out(conflicts_text(rows) or "no conflicts")


def _show(invocation: Invocation, workspace: Workspace, reference: str, *, as_json: bool) -> None:
    from ccc.ops.resolving.matter import matter_of
    from ccc.views.resolving import matter_document
    from ccc.views.text.resolving import matter_text

    with peek(workspace) as aside:
        matter = matter_of(aside, reference)
    if as_json:
        invocation.terminal.json(matter_document(workspace.reader.tip(), matter))
    else:
        invocation.terminal.page(matter_text(matter, invocation.terminal))
    if matter.shown.combined.conflicts and not matter.session.landed_head:
        raise click.exceptions.Exit(Conflict.exit)


def _hand_back(invocation: Invocation, workspace: Workspace, reference: str) -> None:
    from ccc.ops.resolving.handback import hand_back
    from ccc.ops.resolving.words import count

    told = hand_back(workspace, reference)
    what = f"handed back {count(told.files)} to" if told.anew else "already handed back to"
    invocation.terminal.out(f"{what} {told.session.name}: {told.how}")


def _spawn(
    invocation: Invocation, workspace: Workspace, reference: str, role: str, engine: str | None
) -> None:
    from ccc.ops.resolving.resolver import spawn_resolver
    from ccc.ops.resolving.words import count

    made = spawn_resolver(workspace, reference, role, engine)
    what = "is at it already" if made.existed else f"resolves {count(made.files)} for {made.session.name}"
    invocation.terminal.out(f"{made.resolver.name} {what}{f'; it waits: {made.waits}' if made.waits else ''}")
    invocation.terminal.out(f"  worktree  {made.resolver.worktree}")


def _here(invocation: Invocation, workspace: Workspace, reference: str, *, done: bool, abort: bool) -> None:
    from ccc.ops.resolving import conclude
    from ccc.ops.resolving.here import begin
    from ccc.views.text.resolving import concluded_text, desk_text

    terminal = invocation.terminal
    if done or abort:
        ended = (conclude.done if done else conclude.abort)(workspace, reference)
        terminal.out(concluded_text(ended))
        return
    desk = begin(workspace, reference)
    terminal.out(desk.claim.path)
    terminal.err(desk_text(desk))
