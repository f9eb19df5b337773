"""What `.ccc/config.toml` may say: tables, keys, defaults, and the profiles."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from ccc.config.amounts import PerSession, Shared, Tokens
from ccc.config.checks import Checks, Duration, KeptFor, Text, Texts, as_list
from ccc.config.gates import GateCommands, is_below
from ccc.config.quantities import Load, PerRole, Size
from ccc.domain import aliases
from ccc.domain.occasions import DEFAULT, Word


class Section(BaseModel):
    """A table of the file; unknown keys and values of another type are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def _is_theme(name: str) -> str:
    if name not in aliases.THEMES:
        raise ValueError(f"must be one of {', '.join(aliases.THEMES)}")
    return name


def _is_below(pattern: str) -> str:
    """A pattern that `Path.glob` takes, and that stays below the folder it begins at."""
    path = PurePosixPath(pattern)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ValueError(f"{pattern} leads out of the checkout: name files below it, as in .env or config/*")
    if any("**" in part and part != "**" for part in path.parts):
        raise ValueError(f"{pattern}: ** stands alone between slashes, as in config/**/*.env")
    return pattern


class Gate(Section):
    """Commands that must pass on the exact combined tree before anything lands (docs/queue.md).

    `retry`: how often a command that failed is run again; `keep`: what the next gate finds of ignored files.
    """

    commands: GateCommands = ()
    retry: int = Field(default=1, ge=0, le=3)
    keep: Annotated[tuple[Annotated[Text, AfterValidator(is_below)], ...], BeforeValidator(as_list)] = ()


class Queue(Section):
    """How many gates may run before those ahead of them have passed, at first and at least; at once here."""

    window: int = Field(default=4, ge=1, le=100)
    floor: int = Field(default=2, ge=1, le=100)
    parallel: int = Field(default=1, ge=1, le=32)


class PathApproval(Section):
    """How many, and who, must say yes to what changes some paths."""

    paths: Annotated[Texts, Field(min_length=1)]
    required: int = Field(default=1, ge=1)
    approvers: Texts = ()


class Approval(Section):
    """How many people must say yes before something lands, who they may be, and what keeps a yes good.

    `config`: how many must approve what changes `.ccc/`, whatever `required` says. `author`: whether who did
    the work, or had it done, may approve it.
    """

    required: int = Field(default=1, ge=0)
    config: int = Field(default=1, ge=0)
    approvers: Texts = ()
    author: bool = True
    stale: Literal["strict", "trivial-rebase"] = "strict"
    signed: bool = False
    paths: Annotated[tuple[PathApproval, ...], BeforeValidator(as_list)] = ()


class SessionSection(Section):
    """How sessions are made."""

    branch_prefix: str = Field(default="ccc", pattern=r"^[a-z0-9]([a-z0-9_-]*[a-z0-9])?$")
    worktree_dir: Text | None = None
    copy_files: Annotated[
        tuple[Annotated[Text, AfterValidator(_is_below)], ...], BeforeValidator(as_list)
    ] = Field(default=(), alias="copy")
    setup: Checks = ()
    ports_base: int = Field(default=20000, ge=1024, le=65000)
    ports_size: int = Field(default=10, ge=1, le=1000)
    names: Annotated[str, AfterValidator(_is_theme)] = aliases.DEFAULT
    engine: Text = "claude"
    model: Text | None = None
    timeout: Duration | None = None
    silence: Duration = 900.0
    rest: Duration = 600.0
    restarts: int = Field(default=3, ge=0, le=10)
    environment: Texts = ()


class EngineSection(Section):
    """A program of one's own as an engine: argv templates for the first turn and for later ones."""

    command: Annotated[Texts, Field(min_length=1)]
    resume: Texts = ()


Method = Literal["merge", "squash", "rebase"]
Way = Literal["local", "push", "pull-request"]
Forge = Literal["github", "gitlab"]


class LandTarget(Section):
    """What is different for landings on one target; what is not said is as in `land`."""

    method: Method | None = None
    landing: Way | None = None
    remote: Text | None = None
    forge: Forge | None = None


class Land(Section):
    """What a landing does (docs/landing.md): `method` what commits it makes, `landing` where they go.

    `forge`: whose requests are opened; where it is not said, the remote's address tells. `poll`: how often
    they are looked at by what runs in the background.
    """

    keep_session_files: bool = False
    method: Method = "merge"
    landing: Way = "local"
    remote: Text = "origin"
    forge: Forge | None = None
    poll: Duration = 60.0
    targets: dict[Text, LandTarget] = {}

    def on(self, target: str) -> Land:
        """What holds for one target branch."""
        own = self.targets.get(target, LandTarget())
        return self.model_copy(update=own.model_dump(exclude_none=True))


class Reserve(Section):
    """What happens to a commit or an edit on a path that another session has reserved."""

    mode: Literal["warn", "deny"] = "warn"


class Handoff(Section):
    """When an orchestrator's context is full, and how large the hand-off document may be; tokens."""

    tokens: int = Field(default=25000, ge=300)
    at: int = Field(default=75000, ge=1000)
    limit: int = Field(default=100_000, ge=1000)
    reserve: int = Field(default=25000, ge=0)


class Sync(Section):
    """Sharing the state through a remote: time limit of an exchange, how often by itself, and landings."""

    seconds: Duration = 20.0
    auto: Duration | None = None
    landing: Literal["lease", "reachable", "free"] = "lease"


def _is_pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text} is no regular expression: {error}") from error
    return text


class Privacy(Section):
    """What is a secret beside the known shapes of tokens: regular expressions."""

    patterns: Annotated[
        tuple[Annotated[Text, AfterValidator(_is_pattern)], ...], BeforeValidator(as_list)
    ] = ()


class Retention(Section):
    """How long closed sessions stay in the state and their logs on this machine; how many bundles stay."""

    sessions: KeptFor | None = None
    logs: KeptFor | None = None
    bundles: int = Field(default=10, ge=1, le=1000)


class Context(Section):
    """Soft limit of accumulated context, bytes."""

    size_limit: int = Field(default=50000, ge=1000)


class Mcp(Section):
    """MCP servers: milliseconds to wait for one, and whether a mock replaces them."""

    timeout_ms: int = Field(default=2000, ge=1)
    mock: bool = False


class Limits(Section):
    """How much may run at once, and how much sessions may use (docs/limits.md, docs/capacity.md).

    `per_role`: how many of a role may run at once. `load` for each processor, and `free_memory`: how busy the
    machine may be for another start. `role`, `person` and `day` are what all sessions of a role, of a person
    and of this repository may use in one day. `handback`, `handback_tokens`: time and tokens of the last
    turn. `repeats`: how often the same call with the same result is a loop, 0 never. `rate_wait`: how long a
    session is parked at a rate limit that names no reset, or without an API; `stagger`: over how long those
    parked until the same moment are spread.
    """

    parallel: int = Field(default=10, ge=1)
    per_role: dict[Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$")], PerRole] = {}
    load: Load | None = None
    free_memory: Size | None = None
    session: PerSession = PerSession()
    role: dict[Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$")], Shared] = {}
    person: Shared = Shared()
    day: Shared = Shared()
    handback: Duration = 180.0
    handback_tokens: Tokens = 50_000
    repeats: int = Field(default=12, ge=0, le=1000)
    rate_wait: Duration = 300.0
    stagger: Duration = 60.0


def _is_http(url: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#]+\S*", url):
        raise ValueError("must be a URL that begins with https:// or http://")
    return url


class Notify(Section):
    """Who is told what sessions come to: a command, the desktop, a webhook; seconds for one attempt.

    `webhook_secret_env` names the variable that holds the secret which signs what a webhook is sent.
    """

    command: Texts = ()
    desktop: bool = False
    webhook: Annotated[Text, AfterValidator(_is_http)] | None = None
    webhook_secret_env: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    timeout: Duration = 10.0
    on: Annotated[tuple[Word, ...], BeforeValidator(as_list)] = Field(default=DEFAULT, min_length=1)


class Radar(Section):
    """Whether conflicts between sessions are looked for, and how many sessions make a file a hot one."""

    on: bool = True
    hot: int = Field(default=3, ge=2)


class Debug(Section):
    """Logging and metrics."""

    logging: bool = False
    metrics: bool = False


class Config(Section):
    """The whole file."""

    profile: Literal["development", "production"] | None = None
    target: Text | None = None
    gate: Gate = Gate()
    queue: Queue = Queue()
    approval: Approval = Approval()
    session: SessionSection = SessionSection()
    engines: dict[Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$")], EngineSection] = {}
    land: Land = Land()
    reserve: Reserve = Reserve()
    handoff: Handoff = Handoff()
    sync: Sync = Sync()
    privacy: Privacy = Privacy()
    retention: Retention = Retention()
    context: Context = Context()
    mcp: Mcp = Mcp()
    limits: Limits = Limits()
    notify: Notify = Notify()
    radar: Radar = Radar()
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
"""What a profile says in place of the defaults (row O4)."""
