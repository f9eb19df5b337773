"""The script of a rehearsal: turns of steps, as a YAML file."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from ccc.config.frontmatter import Split, parse_yaml
from ccc.config.places import yaml_places
from ccc.config.problems import bad
from ccc.errors import BadConfig, NotFound


class Part(BaseModel):
    """A table of the script; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=True)


def _words(value: Any) -> Any:
    if isinstance(value, str):
        return tuple(shlex.split(value))
    return tuple(value) if isinstance(value, list) else value


class Edit(Part):
    """A file written whole (`content`), added to (`append`), or with one text replaced by another."""

    path: str
    content: str | None = None
    append: str | None = None
    replace: str | None = None
    by: str | None = Field(default=None, alias="with")


class Run(Part):
    """A command in the worktree; `expect` are the exit codes that do not fail the turn."""

    command: Annotated[tuple[str, ...], BeforeValidator(_words), Field(min_length=1)]
    expect: Annotated[tuple[int, ...], BeforeValidator(_words)] = (0,)


class Commit(Part):
    """`git add --all` and a commit, if anything changed; `progress` and `status` become trailers."""

    message: str
    progress: int | None = None
    status: Literal["done", "blocked", "question"] | None = None


class Report(Part):
    """`git ccc report`."""

    done: bool = False
    summary: str | None = None
    progress: int | None = None
    blocked: str | None = None


class Ask(Part):
    """`git ccc ask`; the next message is the answer."""

    text: str
    choices: Annotated[tuple[str, ...], BeforeValidator(_words)] = ()


class Wish(Part):
    """Something the engine itself asks, and waits for."""

    kind: Literal["permission", "question"] = "permission"
    text: str
    choices: Annotated[tuple[str, ...], BeforeValidator(_words)] = ()


class Deny(Part):
    """A tool that was denied."""

    tool: str
    what: str = ""


class Note(Part):
    """`git ccc note`."""

    text: str
    kind: Literal["note", "decision", "discovery", "problem", "next"] = "note"


class Wait(Part):
    """Waits for a time, a message, or a file (in the worktree or absolute)."""

    seconds: float = 0.0
    message: bool = False
    file: str | None = None


class Use(Part):
    """Tokens and money spent by this step."""

    input: int = 0
    output: int = 0
    usd: float = 0.0


class Limit(Part):
    """A rate limit: said, waited for, over."""

    seconds: float = 1.0
    until: str | None = None


class Crash(Part):
    """The process ends, once: by a signal or an exit code; `always`: each time it comes here."""

    signal: Literal["KILL", "TERM", "SEGV"] | None = None
    exit: int | None = None
    always: bool = False


class Flood(Part):
    """Noise on stdout: `megabytes` in lines of `line` bytes, or as one single line."""

    megabytes: float = 1.0
    line: int = 1000
    one: bool = False


class Step(Part):
    """Exactly one of these."""

    edit: Edit | None = None
    run: (
        Annotated[
            Run, BeforeValidator(lambda given: given if isinstance(given, dict) else {"command": given})
        ]
        | None
    ) = None
    commit: Commit | None = None
    report: Report | None = None
    ask: Ask | None = None
    request: Wish | None = None
    deny: Deny | None = None
    note: Note | None = None
    wait: Wait | None = None
    say: str | None = None
    tasks: int | None = None
    use: Use | None = None
    limit: Limit | None = None
    crash: Crash | None = None
    hang: dict[str, Any] | None = None
    flood: Flood | None = None
    garble: dict[str, Any] | None = None
    daemon: dict[str, Any] | None = None
    fail: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Step:
        if len(self.model_fields_set) != 1:
            raise ValueError("a step does exactly one thing")
        return self

    @property
    def kind(self) -> str:
        """Its one key."""
        return next(iter(self.model_fields_set))


class Turn(Part):
    """What is done in one turn."""

    steps: Annotated[tuple[Step, ...], BeforeValidator(_words)] = ()


class Script(Part):
    """The whole file: the first turn answers the prompt, each later one the next message."""

    turns: Annotated[tuple[Turn, ...], BeforeValidator(_words)]


def load(path: Path) -> Script:
    """The script of a file. Raises NotFound, BadConfig with file, line and key."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise NotFound(f"no script {path}: {error.strerror}", "--engine rehearsal:PATH") from error
    except UnicodeDecodeError as error:
        raise BadConfig(f"{path}: is not UTF-8", "save the file as UTF-8") from error
    parts = Split(text, 1, "", 1)
    given, node = parse_yaml(parts, str(path))
    try:
        return Script.model_validate(given)
    except ValidationError as error:
        raise bad(error, where=str(path), places=yaml_places(node, 1), model=Script) from error
    except yaml.YAMLError as error:
        raise BadConfig(f"{path}: {error}", "write it as YAML") from error
