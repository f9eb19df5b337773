"""Commands that ccc runs to believe something: checks of a role, gates of a target."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
)

from ccc.domain.durations import seconds
from ccc.domain.globs import is_glob, matches
from ccc.errors import Usage

if TYPE_CHECKING:
    from ccc.config.roles import Role

TIME_LIMIT = 600.0
"""Seconds that a command may take when its file says nothing."""

LONGEST_DAYS = 30
"""Days in the longest time span: what waits for a process does not take a number of any size."""


LONGEST_KEPT_DAYS = 36_500
"""Days in the longest time that something is kept; longer is for ever, which is what no value says."""


def as_seconds(value: Any) -> float:
    """A duration as typed (`90`, `"10m"`) in seconds, at most LONGEST_DAYS. Raises ValueError."""
    return _at_most(value, LONGEST_DAYS)


def as_kept(value: Any) -> float:
    """How long something is kept, likewise, at most LONGEST_KEPT_DAYS. Raises ValueError."""
    return _at_most(value, LONGEST_KEPT_DAYS)


def _at_most(value: Any, days: int) -> float:
    found = value
    if isinstance(value, str):
        try:
            found = seconds(value)
        except Usage as error:
            raise ValueError(f"{error.message}: {error.hint}") from error
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise ValueError("is not a time span: write 90, 90s, 30m, 2h or 7d")
    if not found <= days * 86400:
        raise ValueError(f"must be at most {days}d")
    return float(max(found, 0))


def without_nul(text: str) -> str:
    """The text; raises ValueError where it has a NUL, which no argument or path of a program can carry."""
    if "\0" in text:
        raise ValueError("must not contain a NUL")
    return text


Duration = Annotated[float, BeforeValidator(as_seconds), Field(gt=0)]
KeptFor = Annotated[float, BeforeValidator(as_kept), Field(gt=0)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(without_nul)]


def as_list(value: Any) -> Any:
    """One thing is a list of one thing; a list of a file is a tuple."""
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list) else value


Texts = Annotated[tuple[Text, ...], BeforeValidator(as_list)]


class Check(BaseModel):
    """A command and the conditions for it to apply; `timeout` in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    run: Text
    when: Texts = ()
    timeout: Duration = TIME_LIMIT

    @field_validator("when")
    @classmethod
    def _rules_can_hold(cls, rules: tuple[str, ...]) -> tuple[str, ...]:
        for rule in rules:
            _prove(rule)
        return rules


AnyCheck = TypeVar("AnyCheck", bound=Check)


def _prove(rule: str) -> None:
    """Refuses a condition that can never hold: its check would be left out, and nobody would know."""
    path, colon, pattern = rule.partition(":")
    if not path or path.startswith(("/", "./", "../")):
        raise ValueError(f"{rule} never holds: paths begin at the top of the repository, as in tests/unit")
    if colon and is_glob(path):
        raise ValueError(f"{rule} never holds: before the colon stands one file, not a pattern")
    try:
        re.compile(pattern, re.MULTILINE)
    except (re.error, OverflowError, RecursionError) as error:
        what = getattr(error, "msg", str(error))
        raise ValueError(f"{pattern} is not a regular expression: {what}") from error


def as_check(value: Any) -> Any:
    """A plain string is a check without condition. Raises ValueError for what is no table either."""
    if isinstance(value, str):
        return {"run": value}
    if not isinstance(value, dict | Check):
        raise ValueError("must be a command, or a table with run, when, timeout")
    return value


Checks = Annotated[tuple[Annotated[Check, BeforeValidator(as_check)], ...], BeforeValidator(as_list)]

Paths = Callable[[], Collection[str]]
Content = Callable[[str], bytes | None]


def applicable_commands(checks: Sequence[AnyCheck], paths: Paths, content: Content) -> tuple[AnyCheck, ...]:
    """The checks whose conditions all hold.

    A condition is a file or folder that must exist, a pattern that some file must match (`tests/**/*.py`), or
    `path:expression`: a file with a line that the regular expression finds. `paths` lists the files (asked
    only where there is a condition), `content` gives the bytes of one.
    """
    if not any(check.when for check in checks):
        return tuple(checks)
    listed = paths()
    return tuple(check for check in checks if all(_holds(rule, listed, content) for rule in check.when))


def applicable_checks(role: Role, paths: Paths, content: Content) -> tuple[Check, ...]:
    """The checks of a role that apply to a tree."""
    return applicable_commands(role.checks, paths, content)


def _holds(rule: str, paths: Collection[str], content: Content) -> bool:
    path, colon, pattern = rule.partition(":")
    if colon:
        found = content(path) if path in paths else None
        return found is not None and _finds(pattern, found)
    if is_glob(rule):
        return any(matches(rule, each) for each in paths)
    folder = rule.rstrip("/") + "/"
    return rule in paths or any(each.startswith(folder) for each in paths)


def _finds(pattern: str, content: bytes) -> bool:
    text = content.decode("utf-8", "replace").replace("\r\n", "\n")
    return re.search(pattern, text, re.MULTILINE) is not None
