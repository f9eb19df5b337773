"""Mail for the agent: handed over at its safe points, each letter once a process."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ccc.domain.life import RUNNING
from ccc.engines.protocol import Engine, Received
from ccc.host.agent import Agent
from ccc.runs import mail
from ccc.runs.files import SessionFiles
from ccc.runs.mail import Letter
from ccc.runs.wording import MOST, SIZE, bounded, size_of, words_of

if TYPE_CHECKING:
    from ccc.host.turns import Turns


class Post:
    """What was handed to the process that runs now and has no receipt yet, by id in bytes."""

    def __init__(self, session: SessionFiles) -> None:
        self._session = session
        self._handed: dict[str, int] = {}

    def forget(self) -> None:
        """Another process: whatever has no receipt is handed over again."""
        self._handed.clear()

    def any_waiting(self) -> bool:
        """Whether mail lies there that the agent has not got."""
        return bool(mail.waiting(self._session))

    def deliver(self, agent: Agent, engine: Engine, lost: Iterable[Letter] = ()) -> None:
        """Writes letters to the agent's stdin, in order, as far as its next turn shall hold them.

        `lost` are those that an earlier process had got and did not write down. What does not fit follows
        when the others have their receipts: whatever is written waits in the engine's own queue, and enters
        the conversation all at once.
        """
        letters = [*lost, *mail.waiting(self._session)]
        present = {letter.id for letter in letters}
        self._handed = {each: size for each, size in self._handed.items() if each in present}
        fresh = [letter for letter in letters if letter.id not in self._handed]
        most, size = MOST - len(self._handed), SIZE - sum(self._handed.values())
        if not fresh or most <= 0 or (self._handed and size < size_of(fresh[0])):
            return
        for letter, words in bounded(fresh, most=most, size=size):
            self._handed[letter.id] = size_of(letter)
            agent.write(engine.message(letter.id, words))

    def any_handed(self) -> bool:
        """Whether it was handed mail that is not in the conversation yet: that would begin its next turn."""
        return any(letter.id in self._handed for letter in mail.waiting(self._session))

    def hand(self, letter: Letter, agent: Agent, engine: Engine) -> None:
        """Writes one letter to the agent's stdin."""
        self._handed[letter.id] = size_of(letter)
        agent.write(engine.message(letter.id, words_of(letter)))

    def as_prompt(self, turns: Turns) -> str:
        """Mail as the next prompt of a program that is told everything by its command line.

        What does not fit is the prompt after it.
        """
        letters = list(bounded(mail.waiting(self._session)))
        turns.state.turn += 1
        turns.state.turn_to(RUNNING, f"turn {turns.state.turn}")
        for letter, _ in letters:
            turns.take(Received(letter.id))
        return "\n\n".join(words for _, words in letters)
