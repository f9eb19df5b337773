"""Commands that ccc runs to believe something: checks of a role, gates of a target."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from ccc.domain.durations import seconds
from ccc.errors import Usage

if TYPE_CHECKING:
    from ccc.config.roles import Role

TIME_LIMIT = 600.0


def as_seconds(value: Any) -> Any:
    """A duration as typed (`90`, `"10m"`) in seconds."""
    if isinstance(value, str):
        try:
            return seconds(value)
        except Usage as error:
            raise ValueError(error.message) from error
    return value


Duration = Annotated[float, BeforeValidator(as_seconds), Field(gt=0)]


class Check(BaseModel):
    """A command and the paths that must exist for it to apply; `timeout` in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: str = Field(min_length=1)
    when: tuple[str, ...] = ()
    timeout: Duration = TIME_LIMIT

    @field_validator("when", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


def as_check(value: Any) -> Any:
    """A plain string is a check without condition."""
    return {"run": value} if isinstance(value, str) else value


Checks = tuple[Annotated[Check, BeforeValidator(as_check)], ...]


def applicable_commands(
    checks: Sequence[Check], paths: Callable[[], Collection[str]], content: Callable[[str], bytes | None]
) -> tuple[Check, ...]:
    """The checks whose conditions all hold.

    A condition is a path, a glob, or `path:pattern`: a file with a line that the regular expression finds.
    `paths` lists the files (asked only where there is a condition), `content` gives the bytes of one.
    """
    if not any(check.when for check in checks):
        return tuple(checks)
    listed = paths()
    return tuple(check for check in checks if all(_holds(rule, listed, content) for rule in check.when))


def applicable_checks(
    role: Role, paths: Callable[[], Collection[str]], content: Callable[[str], bytes | None]
) -> tuple[Check, ...]:
    """The checks of a role that apply to a tree."""
    return applicable_commands(role.checks, paths, content)


def _holds(rule: str, paths: Collection[str], content: Callable[[str], bytes | None]) -> bool:
    path, colon, pattern = rule.partition(":")
    if colon:
        found = content(path) if path in paths else None
        return found is not None and re.search(pattern, found.decode("utf-8", "replace"), re.MULTILINE) is not None
    if any(character in rule for character in "*?["):
        return any(fnmatch.fnmatchcase(each, rule) for each in paths)
    folder = rule.rstrip("/") + "/"
    return rule in paths or any(each.startswith(folder) for each in paths)
