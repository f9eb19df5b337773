"""`.ccc/config.toml`: validated, layered, each value with its origin."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ccc.config.checks import Checks
from ccc.config.problems import bad
from ccc.domain.aliases import DEFAULT
from ccc.errors import BadConfig

PREFIX = "CCC_"


class Section(BaseModel):
    """A table of the file; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Gate(Section):
    """Commands that must pass on the exact combined tree before anything lands."""

    commands: Checks = ()


class Approval(Section):
    """How many people must say yes before something lands."""

    required: int = Field(default=1, ge=0)


class SessionSection(Section):
    """How sessions are made."""

    branch_prefix: str = Field(default="ccc", pattern=r"^[a-z0-9][a-z0-9._-]*$")
    worktree_dir: str | None = None
    copy_files: tuple[str, ...] = Field(default=(), alias="copy")
    setup: Checks = ()
    ports_base: int = Field(default=20000, ge=1024, le=65000)
    ports_size: int = Field(default=10, ge=1)
    names: Literal["marx", "planets", "trees", "rivers", "birds"] = DEFAULT  # type: ignore[assignment]


class Land(Section):
    """What a landing does."""

    keep_session_files: bool = False


class Handoff(Section):
    """Token budget of the hand-off document."""

    tokens: int = Field(default=25000, ge=300)


class Context(Section):
    """Soft limit of accumulated context, bytes."""

    size_limit: int = Field(default=50000, ge=1000)


class Mcp(Section):
    """MCP servers: milliseconds to wait for one, and whether a mock replaces them."""

    timeout_ms: int = Field(default=2000, ge=1)
    mock: bool = False


class Limits(Section):
    """How much may run at once."""

    parallel: int = Field(default=10, ge=1)


class Debug(Section):
    """Logging and metrics."""

    logging: bool = False
    metrics: bool = False


class Config(Section):
    """The whole file."""

    profile: Literal["development", "production"] | None = None
    target: str | None = None
    gate: Gate = Gate()
    approval: Approval = Approval()
    session: SessionSection = SessionSection()
    land: Land = Land()
    handoff: Handoff = Handoff()
    context: Context = Context()
    mcp: Mcp = Mcp()
    limits: Limits = Limits()
    debug: Debug = Debug()


PROFILES: dict[str, dict[str, dict[str, Any]]] = {
    "development": {
        "mcp": {"timeout_ms": 5000, "mock": True},
        "context": {"size_limit": 100_000},
        "limits": {"parallel": 5},
        "debug": {"logging": True, "metrics": False},
    },
    "production": {
        "mcp": {"timeout_ms": 2000, "mock": False},
        "context": {"size_limit": 50_000},
        "limits": {"parallel": 20},
        "debug": {"logging": False, "metrics": True},
    },
}
"""FEATURES O4."""


class Settings:
    """Every value after all layers, flat; `origins` says of each dotted key where its value is from."""

    def __init__(self, config: Config, origins: Mapping[str, str]) -> None:
        self.config = config
        self.origins = dict(origins)
        self.target = config.target
        self.gate = config.gate.commands
        self.approvals_required = config.approval.required
        self.branch_prefix = config.session.branch_prefix
        self.worktree_dir = config.session.worktree_dir
        self.copy_files = config.session.copy_files
        self.setup = config.session.setup
        self.ports_base = config.session.ports_base
        self.ports_size = config.session.ports_size
        self.names: str = config.session.names
        self.keep_session_files = config.land.keep_session_files
        self.handoff_tokens = config.handoff.tokens

    def values(self) -> dict[str, Any]:
        """Dotted key to value, in the file's order."""
        return _flat(self.config.model_dump(mode="json", by_alias=True))


def load_settings(text: bytes | None, *, where: str, environment: Mapping[str, str]) -> Settings:
    """Defaults, then the profile, then the file, then `CCC_<SECTION>_<KEY>` of the environment.

    Raises BadConfig with file, line and key.
    """
    given = _parsed(text, where) if text is not None else {}
    lines = (text or b"").decode("utf-8", "replace").splitlines()
    _validated(given, where, lines)
    profile = given.get("profile")
    overrides = _from_environment(environment)
    layers = [({}, ""), (PROFILES.get(str(profile), {}), f"profile {profile}"), (given, where)]
    merged: dict[str, Any] = {}
    origins = dict.fromkeys(_flat(Config().model_dump(mode="json", by_alias=True)), "default")
    for layer, origin in layers:
        merged = _laid_over(merged, layer)
        origins.update(dict.fromkeys(_flat(layer), origin))
    for key, (variable, value) in overrides.items():
        merged = _laid_over(merged, _nested(key, value))
        origins[key] = f"environment {variable}"
    config = _validated(merged, where if not overrides else "environment", lines)
    return Settings(config, origins)


def _parsed(text: bytes, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BadConfig(f"{where}: is not UTF-8", "save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        line = found[1] if found else "1"
        raise BadConfig(f"{where}:{line}: {str(error).split(' (at')[0]}", "toml.io describes the format") from error


def _validated(given: Mapping[str, Any], where: str, lines: list[str]) -> Config:
    try:
        return Config.model_validate(given)
    except ValidationError as error:
        raise bad(error, where=where, lines=lines, model=Config) from error


def _from_environment(environment: Mapping[str, str]) -> dict[str, tuple[str, Any]]:
    known = _flat(Config().model_dump(mode="json", by_alias=True))
    found = {}
    for key in known:
        variable = PREFIX + key.replace(".", "_").upper()
        if variable in environment and not isinstance(known[key], list):
            text = environment[variable]
            found[key] = (variable, {"true": True, "false": False}.get(text.lower(), text))
    return found


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = _laid_over(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping) and not prefix:
            found.update(_flat(value, f"{key}."))
        else:
            found[prefix + key] = value
    return found


def _nested(key: str, value: Any) -> dict[str, Any]:
    section, dot, name = key.partition(".")
    return {section: {name: value}} if dot else {key: value}


