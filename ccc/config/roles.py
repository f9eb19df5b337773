"""Roles: one Markdown file each, YAML front matter and the specialist's instructions."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ccc.config.checks import Checks, Duration
from ccc.config.problems import bad
from ccc.errors import BadConfig, NotFound
from ccc.ids import RESERVED_ROLES
from ccc.resources import resource_dir

FENCE = "---"


class Front(BaseModel):
    """The front matter of a role."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: str = Field(min_length=1)
    paths: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    model: str | None = None
    engine: str | None = None
    mcp: tuple[str, ...] = ()
    checks: Checks = ()
    may_spawn: tuple[str, ...] = ()
    timeout: Duration | None = None
    permission_mode: Literal["default", "acceptEdits", "dontAsk", "plan", "bypassPermissions"] = "dontAsk"
    brief: str | None = None


@dataclass(frozen=True)
class Role:
    """A specialist's template; `instructions` is the system prompt as a jinja2 template, `where` its file."""

    name: str
    front: Front
    instructions: str
    where: str

    @property
    def checks(self) -> Checks:
        return self.front.checks


@dataclass(frozen=True)
class RoleSet:
    """The roles of a repository: its own files, and the built-in ones behind them."""

    roles: Mapping[str, Role]

    @classmethod
    def load(cls, files: Mapping[str, bytes], *, where: str) -> RoleSet:
        """Built-in roles, replaced by files of the same name. Raises BadConfig."""
        own = {
            name.removesuffix(".md"): parse_role(name.removesuffix(".md"), content, f"{where}/{name}")
            for name, content in files.items()
            if name.endswith(".md") and name != "README.md"
        }
        return cls({**built_in(), **own})

    def get(self, name: str) -> Role:
        """The role. Raises NotFound with near names."""
        if name in self.roles:
            return self.roles[name]
        near = difflib.get_close_matches(name, self.roles, n=3)
        hint = f"did you mean {', '.join(near)}?" if near else f"roles: {', '.join(sorted(self.roles))}"
        raise NotFound(f"no role {name}", hint)


def built_in() -> dict[str, Role]:
    """The thirteen shipped roles."""
    folder = resource_dir("templates") / "roles"
    found = {}
    for file in sorted(folder.glob("*.md")):
        found[file.stem] = parse_role(file.stem, file.read_bytes(), f"templates/roles/{file.name}")
    return found


def parse_role(name: str, text: bytes, where: str) -> Role:
    """A role file. Raises BadConfig with file, line and key."""
    if name in RESERVED_ROLES:
        raise BadConfig(f"{where}:1: {name} is a reserved word", "give the role another name")
    try:
        lines = text.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise BadConfig(f"{where}: is not UTF-8", "save it as UTF-8") from error
    if not lines or lines[0].strip() != FENCE or FENCE not in lines[1:]:
        raise BadConfig(f"{where}:1: no front matter", "begin the file with --- and end the front matter with ---")
    end = lines.index(FENCE, 1)
    front = _front("\n".join(lines[1:end]), where, lines)
    body = "\n".join(lines[end + 1 :]).strip() + "\n"
    if not body.strip():
        raise BadConfig(f"{where}:{end + 1}: no instructions", "write them below the front matter")
    return Role(name, front, body, where)


def _front(text: str, where: str, lines: list[str]) -> Front:
    try:
        given: Any = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark else 1
        raise BadConfig(f"{where}:{line}: {getattr(error, 'problem', error)}", "the front matter is YAML") from error
    if not isinstance(given, dict):
        raise BadConfig(f"{where}:2: the front matter is not a table", "write key: value lines")
    try:
        return Front.model_validate(given)
    except ValidationError as error:
        raise bad(error, where=where, lines=lines, model=Front) from error
