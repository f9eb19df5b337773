"""The roles that sessions can have here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from ccc.errors import BadConfig, CccError
from ccc.ops.policy import local_policy
from ccc.ops.workspace import Workspace

if TYPE_CHECKING:
    from ccc.config.roles import Role


def all_roles(workspace: Workspace) -> list[Role]:
    """Built-in roles and the main checkout's own, by name. Raises BadConfig with file, line and key."""
    found = local_policy(workspace).roles.roles
    return [found[name] for name in sorted(found)]


def role(workspace: Workspace, name: str) -> Role:
    """One role. Raises NotFound with near names, BadConfig."""
    return local_policy(workspace).roles.get(name)


def check(workspace: Workspace) -> list[Role]:
    """The roles, after proving that each is whole and no two are the same. Raises BadConfig for the first."""
    roles = all_roles(workspace)
    for problem in (*_unknown(roles), *_unrenderable(roles), *_twins(roles)):
        raise problem
    return roles


def _unknown(roles: Sequence[Role]) -> Iterator[BadConfig]:
    """Roles that may spawn roles which are not there."""
    names = {each.name for each in roles}
    for each in roles:
        for name in each.front.may_spawn:
            if name not in names:
                yield BadConfig(f"{each.where}: may_spawn: no role {name}", "git ccc roles lists them")


def _unrenderable(roles: Sequence[Role]) -> Iterator[BadConfig]:
    """Roles whose templates cannot be rendered."""
    from ccc.config.briefs import render, system_prompt

    for each in roles:
        try:
            values = {name: name for name in SAMPLE}
            render(each, values)
            system_prompt(each, values)
        except CccError as error:
            yield BadConfig(f"{each.where}: {error.message}", error.hint)


SAMPLE = (
    *("session", "name", "alias", "role", "task", "branch"),
    *("target", "base", "worktree", "ports", "parent", "report"),
)
"""Values that a brief is given; only that they are there matters here."""


def _twins(roles: Sequence[Role]) -> Iterator[BadConfig]:
    """Two roles that differ in nothing but the name: whoever chooses between them chooses nothing."""
    for one, other in combinations(roles, 2):
        if _words(one) == _words(other):
            yield _twin(one, other, "have the same instructions")
        elif _reach(one) == _reach(other) and any(_reach(one)):
            yield _twin(one, other, "have the same paths, tools and checks")


def _twin(one: Role, other: Role, what: str) -> BadConfig:
    return BadConfig(
        f"{other.where}: {one.name} and {other.name} {what}", "delete one of them, or make them differ"
    )


def _words(role: Role) -> list[str]:
    text = role.instructions.replace(role.name, "")
    return text.lower().split()


def _reach(role: Role) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    front = role.front
    return tuple(sorted(front.paths)), tuple(sorted(front.tools)), tuple(each.run for each in role.checks)
