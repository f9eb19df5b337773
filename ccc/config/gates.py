"""Commands of a target's gate: checks that may be for some paths, or some roles, alone."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, StringConstraints, field_validator

from ccc.config.checks import Check, Texts, as_list

RoleName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$")]


class GateCommand(Check):
    """A gate's command; `paths`: patterns of the files it is for and depends on, none for all of them.

    `roles`: whose sessions it is for, none for all.
    """

    paths: Texts = ()
    roles: Annotated[tuple[RoleName, ...], BeforeValidator(as_list)] = ()

    @field_validator("paths")
    @classmethod
    def _paths_can_match(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            if pattern.startswith(("/", "./", "../")):
                raise ValueError(
                    f"{pattern} matches nothing: paths begin at the top of the repository, as in backend/**"
                )
        return patterns


def as_command(value: Any) -> Any:
    """A plain string is a command for everything. Raises ValueError for what is no table either."""
    if isinstance(value, str):
        return {"run": value}
    if not isinstance(value, dict | GateCommand):
        raise ValueError("must be a command, or a table with run, when, paths, roles, timeout")
    return value


def is_below(value: str) -> str:
    """The pattern; raises ValueError where it names something outside the work tree, or git's own files."""
    parts = value.lstrip("/").split("/")
    if value.startswith("!") or ".." in parts or parts[0] in ("", ".git"):
        raise ValueError(f"{value} is not kept: name what is ignored below the top, as in node_modules/")
    return value


GateCommands = Annotated[
    tuple[Annotated[GateCommand, BeforeValidator(as_command)], ...], BeforeValidator(as_list)
]
