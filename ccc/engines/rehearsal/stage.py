"""What every step of a play shares: how to speak, what to remember, and the safe points between two steps."""

from __future__ import annotations

from dataclasses import field

from ccc.engines.rehearsal.memory import Memory
from ccc.engines.rehearsal.stream import Line, Stream
from ccc.errors import CccError
from ccc.records import dataclass


class StepFailed(CccError):
    """A step could not do what the script says."""


class GaveUp(StepFailed):
    """The engine does not wait for the end of a rate limit; `until` RFC 3339 UTC, None where not told."""

    def __init__(self, message: str, until: str | None) -> None:
        super().__init__(message)
        self.until = until


@dataclass
class Spent:
    """Of this process."""

    input: int = 0
    output: int = 0
    micro_usd: int = 0
    context: int | None = None
    anything: bool = False


@dataclass
class Stage:
    """One process of the player."""

    stream: Stream
    memory: Memory
    spent: Spent = field(default_factory=Spent)

    def safe_point(self) -> None:
        """Messages that came are taken into the turn. Raises Interrupted."""
        self.stream.listen()
        while (message := self.stream.take("message")) is not None:
            self.memory.hear()
            self.enter(message)

    def enter(self, message: Line) -> None:
        """Says that a message is in the play now: after it was remembered, so that it is never lost."""
        self.stream.say("received", id=_text(message.get("id")))

    def message(self, words: str) -> None:
        """Waits for a message of this turn that no step has waited for yet. Raises Interrupted, Deserted."""
        if not self.memory.known.heard:
            message = self.stream.wait(lambda: self.stream.take("message"), words)
            self.memory.hear()
            self.enter(message)
        self.memory.known.heard -= 1

    def tell_spent(self) -> None:
        """Says what was spent, once anything was."""
        spent = self.spent
        if spent.anything:
            self.stream.say(
                "used",
                input=spent.input,
                output=spent.output,
                micro_usd=spent.micro_usd,
                context=spent.context,
            )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
