"""The script of a rehearsal: turns of steps, as a YAML file (docs/rehearsal.md)."""

from __future__ import annotations

import shlex
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from ccc.config.decoding import decoded
from ccc.config.frontmatter import Split, parse_yaml
from ccc.config.places import yaml_places
from ccc.config.problems import bad
from ccc.errors import NotFound


def _listed(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _number_as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _words(value: Any) -> Any:
    """A command as a list, or as text that is split like a shell would, without a shell."""
    if isinstance(value, str):
        return tuple(shlex.split(value))
    return tuple(_number_as_text(word) for word in value) if isinstance(value, list) else value


def _command(value: Any) -> Any:
    return value if isinstance(value, dict) else {"command": value}


def _moment(value: Any) -> Any:
    """YAML reads an unquoted time as one; without a zone it is UTC."""
    if isinstance(value, datetime):
        moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    return value.isoformat() if isinstance(value, date) else value


Texts = Annotated[tuple[Annotated[str, BeforeValidator(_number_as_text)], ...], BeforeValidator(_listed)]
Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Percent = Annotated[int, Field(ge=0, le=100)]


class Part(BaseModel):
    """A table of the script; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=True)

    def _exactly_one(self, *names: str) -> None:
        given = [name for name in names if name in self.model_fields_set]
        if len(given) != 1:
            raise ValueError(f"give exactly one of {', '.join(names)}")


class Edit(Part):
    """A file written whole (`content`), added to (`append`), or the first `replace` in it becomes `with`."""

    path: Annotated[str, Field(min_length=1)]
    content: str | None = None
    append: str | None = None
    replace: Annotated[str, Field(min_length=1)] | None = None
    by: str | None = Field(default=None, alias="with")

    @model_validator(mode="after")
    def _one_way(self) -> Edit:
        self._exactly_one("content", "append", "replace")
        if (self.replace is None) != (self.by is None):
            raise ValueError("replace and with go together")
        return self


class Run(Part):
    """A command in the worktree; `expect` are the exit codes that do not fail the turn."""

    command: Annotated[tuple[str, ...], BeforeValidator(_words), Field(min_length=1)]
    expect: Annotated[tuple[int, ...], BeforeValidator(_listed), Field(min_length=1)] = (0,)


class Commit(Part):
    """`git add --all` and a commit, if anything changed; `progress` and `status` become trailers."""

    message: Annotated[str, Field(min_length=1)]
    progress: Percent | None = None
    status: Literal["done", "blocked", "question"] | None = None


class Report(Part):
    """`git ccc report`."""

    done: Literal[True] | None = None
    progress: Percent | None = None
    blocked: str | None = None
    summary: str | None = None

    @model_validator(mode="after")
    def _one_claim(self) -> Report:
        self._exactly_one("done", "progress", "blocked")
        if self.summary is not None and self.done is None:
            raise ValueError("summary goes with done")
        return self


class Ask(Part):
    """`git ccc ask`; the next message is the answer, and is waited for."""

    text: str
    choices: Texts = ()


class Wish(Part):
    """Something the engine itself asks, and waits for."""

    kind: Literal["permission", "question"] = "permission"
    text: str
    choices: Texts = ()


class Deny(Part):
    """A tool that was denied."""

    tool: str
    what: str = ""


class Note(Part):
    """`git ccc note`."""

    text: str
    kind: Literal["decision", "discovery", "problem", "next", "note"] = "note"
    why: str | None = None


class Wait(Part):
    """Lets a time pass, or waits for a message or a file (in the worktree, or absolute)."""

    seconds: Seconds | None = None
    message: Literal[True] | None = None
    file: str | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> Wait:
        self._exactly_one("seconds", "message", "file")
        return self


class Use(Part):
    """Tokens and dollars spent by this step; `context` is how many tokens the conversation now has."""

    input: Count = 0
    output: Count = 0
    usd: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    context: Count | None = None


class Limit(Part):
    """A rate limit: said, waited for, over. Without `until` it names the moment when the seconds are over.

    With `gives_up` the engine does not wait: its turn ends there, unfinished. `unnamed`: no reset is told.
    """

    seconds: Seconds = 1.0
    until: Annotated[str, BeforeValidator(_moment)] | None = None
    gives_up: bool = False
    unnamed: bool = False


class Again(Part):
    """The same call, `times` over, with the same result, or with `changes` another one each time."""

    call: Annotated[str, Field(min_length=1)] = "make"
    times: Annotated[int, Field(ge=1, le=1000)] = 1
    changes: bool = False


class Crash(Part):
    """The process ends by a signal or with an exit code: once, or with `always` each time it comes here."""

    signal: Literal["KILL", "TERM", "SEGV", "ABRT"] | None = None
    exit: Annotated[int, Field(ge=0, le=255)] | None = None
    always: bool = False

    @model_validator(mode="after")
    def _one_way(self) -> Crash:
        self._exactly_one("signal", "exit")
        return self


class Flood(Part):
    """Noise on stdout: `megabytes` in lines of `line` bytes, or with `one` as one single line."""

    megabytes: Annotated[float, Field(gt=0, le=1000)] = 1.0
    line: Annotated[int, Field(ge=2)] = 1000
    one: bool = False


class Nothing(Part):
    """`{}`: there is nothing to say about it."""


class Step(Part):
    """Exactly one of these."""

    edit: Edit | None = None
    run: Annotated[Run, BeforeValidator(_command)] | None = None
    commit: Commit | None = None
    report: Report | None = None
    ask: Ask | None = None
    request: Wish | None = None
    deny: Deny | None = None
    note: Note | None = None
    wait: Wait | None = None
    say: str | None = None
    tasks: Count | None = None
    use: Use | None = None
    limit: Limit | None = None
    again: Again | None = None
    fail: str | None = None
    crash: Crash | None = None
    hang: Nothing | None = None
    flood: Flood | None = None
    garble: Nothing | None = None
    daemon: Nothing | None = None

    @model_validator(mode="before")
    @classmethod
    def _one(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        if len(given) != 1:
            raise ValueError("a step does exactly one thing")
        return {kind: {} if what is None else what for kind, what in given.items()}

    @property
    def kind(self) -> str:
        """Its one key."""
        return next(iter(self.model_fields_set))

    @property
    def deed(self) -> Any:
        """What stands behind its key."""
        return getattr(self, self.kind)


class Turn(Part):
    """What is done in one turn."""

    steps: Annotated[tuple[Step, ...], BeforeValidator(_listed)] = ()


class Script(Part):
    """The whole file: the first turn answers the prompt, each later one the next message."""

    turns: Annotated[tuple[Turn, ...], BeforeValidator(_listed)]


def load(path: Path) -> Script:
    """The script of a file. Raises NotFound, BadConfig with file, line and key."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise NotFound(f"no script {path}: {error.strerror}", "--engine rehearsal:PATH") from error
    return parse(content, str(path))


def parse(content: bytes, where: str) -> Script:
    """The script in a file's bytes. Raises BadConfig with file, line and key."""
    given, node = parse_yaml(Split(decoded(content, where), 1, "", 1), where, what="the script")
    try:
        return Script.model_validate(given)
    except ValidationError as error:
        raise bad(error, where=where, places=yaml_places(node, 1), model=Script) from error
