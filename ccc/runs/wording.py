"""What an agent reads of its mail: each message in words, and how much of it at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ccc.runs.mail import Letter

MOST = 8
SIZE = 16_000
"""Letters and bytes that are on their way into one turn: a flood of messages must not push the task out of
an agent's context. A single message is at most half of it (domain/messages.py)."""

OWN = "ccc"
"""The sender whose messages nobody has to acknowledge."""


def opening(identifier: str) -> str:
    """How the words of a message begin: by this it is found again in a transcript."""
    return f"Message {identifier[:8]} from "


def words_of(letter: Letter, left: int = 0) -> str:
    """A message as the agent reads it: that it is one, from whom, what it says, how to acknowledge it.

    `left`: how many more wait behind it for the next step.
    """
    words = f"{opening(letter.id)}{letter.sender}:\n\n{letter.text}"
    if letter.sender != OWN:
        words += f"\n\n(acknowledge with: git ccc inbox --ack {letter.id[:8]})"
    if left:
        words += f"\n\n({left} more {'message waits' if left == 1 else 'messages wait'} for your next step)"
    return words


def bounded(letters: Sequence[Letter], *, most: int = MOST, size: int = SIZE) -> Iterator[tuple[Letter, str]]:
    """The first of the letters, each in words, as many as fit; the last of them tells how many are left.

    With room for any (`most` > 0) it is at least one, whatever its size.
    """
    fit: list[Letter] = []
    used = 0
    for letter in letters[: max(most, 0)]:
        used += size_of(letter)
        if fit and used > size:
            break
        fit.append(letter)
    left = len(letters) - len(fit)
    for letter in fit:
        yield letter, words_of(letter, left if letter is fit[-1] else 0)


def size_of(letter: Letter) -> int:
    """Bytes of a letter's words."""
    return len(words_of(letter).encode("utf-8", "replace"))
