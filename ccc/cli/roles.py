"""`git ccc roles`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.errors import BadConfig
from ccc.ops.workspace import Workspace

if TYPE_CHECKING:
    from ccc.config.roles import Role


@click.command("roles")
@click.argument("name", required=False, metavar="[NAME|check]")
@json_option
@pass_invocation
def command_roles(invocation: Invocation, name: str | None, as_json: bool) -> None:
    """List the roles that a session can have, or show one

    `check` proves that every role is whole and that no two are the same; it ends with 1 where one is not.
    """
    from ccc.ops import fsck, roles
    from ccc.views.upkeep import role_text, roles_document, roles_text

    terminal = invocation.terminal
    workspace = Workspace.open(invocation.directory, terminal.environment, invocation.standing)
    if name == "check":
        found = _checked(invocation, workspace)
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


def _checked(invocation: Invocation, workspace: Workspace) -> list[Role]:
    """The roles when nothing is wrong with them. Raises BadConfig; several problems are listed before it."""
    from ccc.ops import roles

    found, problems = roles.check(workspace)
    if len(problems) == 1:
        raise BadConfig(f"{problems[0].where}: {problems[0].what}", problems[0].hint)
    for problem in problems:
        invocation.terminal.err(f"{problem.where}: {problem.what}")
    if problems:
        raise BadConfig(f"the roles have {len(problems)} problems", "mend them, then: git ccc roles check")
    return found
