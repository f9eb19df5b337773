"""Mail for the agent: handed over at its safe points, each letter once a process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccc.domain.life import RUNNING
from ccc.engines.protocol import Engine, Received
from ccc.host.agent import Agent
from ccc.runs import mail
from ccc.runs.files import SessionFiles
from ccc.runs.mail import Letter

if TYPE_CHECKING:
    from ccc.host.turns import Turns


def words_of(letter: Letter) -> str:
    """A message as the agent reads it: who says it stands first, and that it is a message."""
    return f"Message {letter.id[:8]} from {letter.sender}:\n\n{letter.text}"


class Post:
    """What was handed to the process that runs now."""

    def __init__(self, session: SessionFiles) -> None:
        self._session = session
        self._handed: set[str] = set()

    def forget(self) -> None:
        """Another process: whatever has no receipt is handed over again."""
        self._handed.clear()

    def any_waiting(self) -> bool:
        """Whether mail lies there that the agent has not got."""
        return bool(mail.waiting(self._session))

    def deliver(self, agent: Agent, engine: Engine) -> None:
        """Writes every letter not handed over yet to the agent's stdin."""
        for letter in mail.waiting(self._session):
            if letter.id not in self._handed:
                self.hand(letter, agent, engine)

    def any_handed(self) -> bool:
        """Whether it was handed mail that is not in the conversation yet: that would begin its next turn."""
        return any(letter.id in self._handed for letter in mail.waiting(self._session))

    def hand(self, letter: Letter, agent: Agent, engine: Engine) -> None:
        """Writes one letter to the agent's stdin."""
        self._handed.add(letter.id)
        agent.write(engine.message(letter.id, words_of(letter)))

    def as_prompt(self, turns: Turns) -> str:
        """All mail as the next prompt of a program that is told everything by its command line."""
        letters = mail.waiting(self._session)
        turns.state.turn += 1
        turns.state.turn_to(RUNNING, f"turn {turns.state.turn}")
        for letter in letters:
            turns.take(Received(letter.id))
        return "\n\n".join(words_of(letter) for letter in letters)
