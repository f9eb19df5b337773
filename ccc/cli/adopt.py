"""`git ccc adopt`."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.cli.opening import open_workspace, text_of


@click.command("adopt")
@click.argument("what", metavar="BRANCH|PATH")
@click.option(
    "--role",
    default="implementation",
    show_default=True,
    help="Specialist whose checks and identity it gets, one of `git ccc roles`",
)
@click.option(
    "--task",
    metavar="TEXT|-",
    help="What is to be done there (default: subject of the branch's last commit); - reads standard input",
)
@click.option("--name", help="Name of the session instead of one derived from the branch")
@click.option(
    "--into", metavar="BRANCH", help="Land on this branch (default: configured, or the main checkout's)"
)
@json_option
@pass_invocation
def command_adopt(
    invocation: Invocation,
    what: str,
    role: str,
    task: str | None,
    name: str | None,
    into: str | None,
    as_json: bool,
) -> None:
    """Take a branch or worktree that ccc did not make under its care

    A branch that nobody has checked out gets a worktree; a worktree made by `git worktree add` stays where it
    is, with everything uncommitted in it. From then on it is a session, worked by hand: commits are noted,
    and it is checked, reviewed and landed like any other. `git ccc start` gives it an agent.
    """
    from ccc.ops.adopt import adopt
    from ccc.ops.adoption import Request
    from ccc.ops.look import look
    from ccc.views.documents import spawn_document
    from ccc.views.text.adopted import adopted_text

    workspace = open_workspace(invocation)
    request = Request(what, role, None if task is None else text_of(task), name, into)
    adopted = adopt(workspace, request)
    if as_json:
        picture = look(workspace)
        invocation.terminal.json(spawn_document(picture, [picture.of(adopted.session)]))
        return
    invocation.terminal.out(adopted_text(adopted))
