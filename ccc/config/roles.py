"""Roles: one Markdown file each, YAML front matter and the specialist's instructions."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError

from ccc.config.checks import Checks, Duration, Text, Texts, without_nul
from ccc.config.frontmatter import Split, parse_yaml, split
from ccc.config.places import line_of, yaml_places
from ccc.config.problems import bad
from ccc.domain import budgets
from ccc.domain.sessions import Limits
from ccc.errors import BadConfig, NotFound, Usage
from ccc.ids import RESERVED_ROLES
from ccc.resources import resource_dir

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
README = "README.md"


def _one_line(value: Any) -> Any:
    return " ".join(value.split()) if isinstance(value, str) else value


def _are_amounts(texts: tuple[str, ...]) -> tuple[str, ...]:
    try:
        budgets.parse(texts)
    except Usage as error:
        raise ValueError(f"{error.message}: {error.hint}") from error
    return texts


class Front(BaseModel):
    """The front matter of a role; what each key means is in docs/roles.md."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    description: Annotated[Text, BeforeValidator(_one_line)]
    paths: Texts = ()
    tools: Texts = ()
    model: Text | None = None
    engine: Text | None = None
    mcp: Texts = ()
    checks: Checks = ()
    may_spawn: Texts = ()
    timeout: Duration | None = None
    budget: Annotated[Texts, AfterValidator(_are_amounts)] = ()
    permission_mode: Literal["default", "acceptEdits", "dontAsk", "plan", "bypassPermissions"] = "dontAsk"
    brief: Annotated[str, AfterValidator(without_nul)] | None = None

    def limits(self) -> Limits:
        """What a session of the role may use."""
        return budgets.parse(self.budget)


@dataclass(frozen=True)
class Role:
    """A specialist's template.

    `instructions` is the system prompt as a jinja2 template; `where` is its file, in which the instructions
    begin at `line` and the role's own brief, if it has one, at `brief_line`.
    """

    name: str
    front: Front
    instructions: str
    where: str
    line: int = 1
    brief_line: int = 1

    @property
    def checks(self) -> tuple[Any, ...]:
        """The commands that prove its work, each a `Check`."""
        return self.front.checks


class RoleSet:
    """The roles of a repository: its own files, and the built-in ones behind them."""

    def __init__(self, own: Mapping[str, Role]) -> None:
        self.own = dict(own)

    @classmethod
    def load(cls, files: Mapping[str, bytes], *, where: str) -> RoleSet:
        """Own roles, of files `<role>.md`; they replace built-in ones of that name. Raises BadConfig."""
        wanted = sorted(name for name in files if name.endswith(".md") and name != README)
        roles = [parse_role(name.removesuffix(".md"), files[name], f"{where}/{name}") for name in wanted]
        return cls({role.name: role for role in roles})

    @property
    def roles(self) -> dict[str, Role]:
        """Every role by name."""
        return {**built_in(), **self.own}

    def get(self, name: str) -> Role:
        """The role; a built-in one is read only when asked for. Raises NotFound with near names."""
        if name in self.own:
            return self.own[name]
        shipped = built_in_names()
        if name in shipped:
            return _shipped(name)
        known = sorted({*shipped, *self.own})
        near = difflib.get_close_matches(name, known, n=3)
        raise NotFound(
            f"no role {name}", f"did you mean {', '.join(near)}?" if near else f"roles: {', '.join(known)}"
        )


def built_in() -> dict[str, Role]:
    """The thirteen shipped roles."""
    return {name: _shipped(name) for name in built_in_names()}


def built_in_names() -> list[str]:
    """The names of the shipped roles."""
    return sorted(file.stem for file in (resource_dir("templates") / "roles").glob("*.md"))


def _shipped(name: str) -> Role:
    file = resource_dir("templates") / "roles" / f"{name}.md"
    return parse_role(name, file.read_bytes(), f"templates/roles/{file.name}")


def parse_role(name: str, content: bytes, where: str) -> Role:
    """A role file. Raises BadConfig with file, line and key."""
    if name in RESERVED_ROLES:
        raise BadConfig(f"{where}:1: {name} is a reserved word", "give the role another name")
    if not NAME.fullmatch(name):
        raise BadConfig(
            f"{where}:1: {name} is no name for a role", "use a-z, 0-9, - and _, at most 40 of them"
        )
    parts = split(content, where)
    if not parts.body.strip():
        raise BadConfig(f"{where}:{parts.body_line}: no instructions", "write them below the front matter")
    front, brief_line = _front(parts, where)
    return Role(name, front, parts.body.rstrip() + "\n", where, parts.body_line, brief_line)


def _front(parts: Split, where: str) -> tuple[Front, int]:
    """The front matter, and the line where the text of its `brief` begins."""
    given, node = parse_yaml(parts, where)
    places = yaml_places(node, parts.front_line)
    try:
        front = Front.model_validate(given)
    except ValidationError as error:
        raise bad(error, where=where, places=places, model=Front) from error
    return front, line_of(places, ("brief",)) + _is_block(node, "brief")


def _is_block(node: yaml.MappingNode, key: str) -> bool:
    """Whether the key's text begins on the next line (`key: |`)."""
    values = [value for name, value in node.value if name.value == key]
    return any(isinstance(value, yaml.ScalarNode) and value.style in ("|", ">") for value in values)
