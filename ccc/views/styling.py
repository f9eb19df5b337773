"""How views ask for colour without knowing a terminal."""

from __future__ import annotations

from typing import Protocol

STATUS_STYLES = {
    "running": "active",
    "starting": "active",
    "waiting": "attention",
    "limited": "attention",
    "paused": "attention",
    "reported": "active",
    "verified": "good",
    "unchecked": "attention",
    "completed": "good",
    "blocked": "bad",
    "failed": "bad",
    "stopped": "bad",
    "lost": "bad",
    "closed": "faint",
    "unknown": "faint",
}


class Styling(Protocol):
    """Colours for words, or none; and the room there is, in columns."""

    def style(self, text: str, name: str) -> str:
        """The text in a named style."""

    @property
    def width(self) -> int:
        """Columns of a line."""


class Tinting(Styling, Protocol):
    """Also a colour for each of many things."""

    def tint(self, text: str, number: int) -> str:
        """The text in the colour of the thing with this number."""


class Plain:
    """No colour, 80 columns."""

    width = 80

    def tint(self, text: str, number: int) -> str:
        """The text as it is."""
        del number
        return text

    def style(self, text: str, name: str) -> str:
        """The text as it is."""
        del name
        return text


def status_word(status: str, look: Styling, columns: int = 0) -> str:
    """The status in its colour, padded to a number of columns."""
    word = status.ljust(columns)
    return look.style(word, STATUS_STYLES[status]) if status in STATUS_STYLES else word
