"""What an engine is: the program that drives the model, and how the session host talks to it.

An engine object belongs to one process of its program; it parses that process's output and remembers what
it needs for that. It does no I/O itself: the host starts the process, reads its lines, writes to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Protocol

from ccc.domain.life import Denied, Request
from ccc.domain.spending import Amount, Usage
from ccc.records import dataclass


@dataclass(frozen=True)
class Task:
    """What a process is started for.

    `prompt` is the first thing the agent is told, `system` its system prompt. `conversation` is a UUID that
    ccc chose; `resumes` says that the engine has it already. `folder` is the run's own folder, outside the
    work tree. `options` are the engine's own (its argv template, its script).
    """

    session: str
    name: str
    role: str
    worktree: Path
    folder: Path
    prompt: str
    system: str
    conversation: str
    resumes: bool = False
    model: str | None = None
    tools: tuple[str, ...] = ()
    permission_mode: str = "dontAsk"
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Launch:
    """How to start the process. `environment` is added to the agent's; `talks`: it reads lines on stdin."""

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    talks: bool = False


@dataclass(frozen=True)
class Spent:
    """Cumulative over the process, never over those before it: tokens and micro-dollars; None is unknown.

    `input` is all input; `cache_read` and `cache_write` say how much of it was that. `unpriced` are tokens
    without a price so far, all of them where no money is told. `context` is how full the model's window was
    last, `context_limit` its size. `others`: what models beside `model` took part in the whole.
    """

    input: int = 0
    output: int = 0
    micro_usd: int | None = None
    context: int | None = None
    context_limit: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    unpriced: int | None = None
    model: str | None = None
    others: Mapping[str, Amount] = field(default_factory=dict)

    @property
    def usage(self) -> Usage:
        """The same without the window."""
        tokens = self.input + self.output
        unpriced = self.unpriced if self.unpriced is not None else 0 if self.micro_usd is not None else tokens
        cache = self.cache_read, self.cache_write
        return Usage(
            Amount(self.input, self.output, *cache, self.micro_usd, unpriced), self.model, self.others
        )


@dataclass(frozen=True)
class Spoke:
    """The engine is up: the first line that proves it. Said again, another turn begins."""

    model: str | None = None


@dataclass(frozen=True)
class Busy:
    """A turn goes on; `what` in a few words."""

    what: str


@dataclass(frozen=True)
class Received:
    """A message of ours entered the conversation: seen in the engine's own stream. `message` is its id."""

    message: str


@dataclass(frozen=True)
class Limited:
    """A rate or quota limit; `until` RFC 3339 UTC or None. `outage`: not a limit, no API is there."""

    why: str
    until: str | None = None
    outage: bool = False


@dataclass(frozen=True)
class TurnEnded:
    """The engine says that a turn is over. `failure`: why it did not end well, None where it did.

    `final`: the engine will not go on by itself (an API failure for good, a limit reached).
    `hint` is the next command to run, where the reason has one. `limited`: it gave up because of something
    that ends by itself.
    """

    said: str = ""
    failure: str | None = None
    interrupted: bool = False
    denied: tuple[Denied, ...] = ()
    hint: str = ""
    limited: Limited | None = None


@dataclass(frozen=True)
class Used:
    """What was spent up to now."""

    spent: Spent


@dataclass(frozen=True)
class Asked:
    """The engine waits for an answer before it goes on."""

    request: Request


@dataclass(frozen=True)
class Settled:
    """What the engine waited for is no more (answered, cancelled)."""

    request: str


@dataclass(frozen=True)
class Refused:
    """A tool was denied to the agent."""

    denied: Denied


@dataclass(frozen=True)
class Troubled:
    """Something outside fails and the engine tries again by itself; `why` says what, and which attempt."""

    why: str


@dataclass(frozen=True)
class Compacted:
    """The conversation was made shorter; tokens before and after, None where unknown."""

    before: int | None
    after: int | None


@dataclass(frozen=True)
class Background:
    """How many tasks of the agent's run apart from its turn."""

    count: int


@dataclass(frozen=True)
class Did:
    """Something the agent did or said; `mark` is the same for the same call with the same result.

    `lane` tells its own doings from those of its sub-agents; `what` in a few words.
    """

    lane: str
    what: str
    mark: str


@dataclass(frozen=True)
class Garbled:
    """A line that could not be read; the stream goes on after it."""

    why: str


Sign = (
    Spoke
    | Busy
    | Received
    | TurnEnded
    | Used
    | Asked
    | Settled
    | Refused
    | Limited
    | Troubled
    | Compacted
    | Background
    | Did
    | Garbled
)


class Engine(Protocol):
    """One engine; made anew for each process."""

    @property
    def name(self) -> str:
        """`claude`, `rehearsal`, or the configured name of a command."""

    @property
    def resumes(self) -> bool:
        """Whether a conversation can be taken up again after its process died."""

    @property
    def one_turn(self) -> bool:
        """Whether its process ends with its turn: exit code 0 is then the agent's claim of being done."""

    def launch(self, task: Task) -> Launch:
        """How to start its process. Raises EngineFailed where the program is missing or too old."""

    def greeting(self, task: Task) -> bytes:
        """What is written to its stdin first; empty where the prompt travels in the command line."""

    def read(self, line: bytes) -> Sequence[Sign]:
        """What one line of its stdout, without the newline, means; nothing for lines of no interest."""

    def message(self, identifier: str, text: str) -> bytes:
        """The bytes that deliver a message to a running process; empty where it takes none."""

    def answer(self, request: Request, text: str) -> bytes:
        """The bytes that answer what the engine asked itself."""

    def interrupt(self) -> bytes:
        """The bytes that end its turn; empty where only a signal does."""

    def usage(self) -> bytes:
        """The bytes that make it tell what it has spent (`Used`); empty where it tells all by itself."""

    def forgot(self, words: str) -> bool:
        """Whether its last words on stderr say that it has no such conversation to take up."""
