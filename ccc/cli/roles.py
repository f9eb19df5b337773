"""`git ccc roles`."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.ops.workspace import Workspace


@click.command("roles")
@click.argument("name", required=False, metavar="[NAME|check]")
@json_option
@pass_invocation
def command_roles(invocation: Invocation, name: str | None, as_json: bool) -> None:
    """List the roles that a session can have, or show one

    `check` proves that every role file is whole and that no two roles are the same.
    """
    from ccc.ops import fsck, roles
    from ccc.views.upkeep import role_text, roles_document, roles_text

    terminal = invocation.terminal
    workspace = Workspace.open(invocation.directory, terminal.environment)
    if name == "check":
        found = roles.check(workspace)
        text = f"{len(found)} roles, each whole and different"
    elif name is None:
        found = roles.all_roles(workspace)
        text = roles_text(found)
    else:
        found = [roles.role(workspace, name)]
        text = role_text(found[0])
    if as_json:
        terminal.json(roles_document(fsck.tip(workspace), found))
    else:
        terminal.out(text)
