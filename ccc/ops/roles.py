"""The roles that sessions can have here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccc.ops.policy import local_policy
from ccc.ops.workspace import Workspace

if TYPE_CHECKING:
    from ccc.config.roles import Role
    from ccc.config.twins import Problem


def all_roles(workspace: Workspace) -> list[Role]:
    """Built-in roles and the main checkout's own, by name. Raises BadConfig with file, line and key."""
    found = local_policy(workspace).roles.roles
    return [found[name] for name in sorted(found)]


def role(workspace: Workspace, name: str) -> Role:
    """One role. Raises NotFound with near names, BadConfig."""
    return local_policy(workspace).roles.get(name)


def check(workspace: Workspace) -> tuple[list[Role], list[Problem]]:
    """The roles, and whatever keeps them from being whole and different, or is meant for none of them.

    Raises BadConfig.
    """
    from ccc.config.twins import check_roles

    roles = all_roles(workspace)
    return roles, [*check_roles(roles), *local_policy(workspace).slips()]
