"""The only door for output and questions: streams, colour, pager, progress."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import field
from functools import cached_property
from typing import Any, TextIO

from ccc.cli.preferences import Preferences
from ccc.cli.progress import Progress
from ccc.errors import Refused
from ccc.records import dataclass
from ccc.text import cut, display_width, pad, printable, printable_lines

__all__ = ["STYLES", "Terminal", "cut", "display_width", "pad", "printable", "printable_lines"]

STYLES = {
    "heading": "1",
    "id": "33",
    "branch": "36",
    "good": "32",
    "bad": "31",
    "attention": "1;33",
    "active": "36",
    "faint": "2",
    "added": "32",
    "removed": "31",
}
"""Meaning → SGR parameters (ECMA-48); the eight basic colours, which follow the user's theme."""

FALLBACK_WIDTH = 80


@dataclass(frozen=True)
class Terminal:
    """Where answers (standard output) and words (standard error) go.

    `color` is "always", "never" or None to decide as git does; `paging` False keeps the pager away.
    """

    output: TextIO
    words: TextIO
    input: TextIO
    preferences: Preferences
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    color: str | None = None
    paging: bool = True

    @property
    def is_terminal(self) -> bool:
        """Whether answers are read by a person at a terminal."""
        return self.output.isatty()

    @cached_property
    def is_colored(self) -> bool:
        """Colour as git decides it, and `NO_COLOR` (no-color.org); an explicit option beats both."""
        if self.color is not None:
            return self.color == "always"
        if self.environment.get("NO_COLOR"):
            return False
        return self.preferences.wants_color(is_terminal=self.is_terminal)

    @property
    def width(self) -> int:
        """Columns: COLUMNS, the terminal's own, or 80."""
        wanted = self.environment.get("COLUMNS", "")
        if wanted.isdecimal() and int(wanted):
            return int(wanted)
        try:
            return os.get_terminal_size(self.output.fileno()).columns or FALLBACK_WIDTH
        except OSError:  # io.UnsupportedOperation of a captured stream is one too
            return FALLBACK_WIDTH

    def style(self, text: str, name: str) -> str:
        """The text in one of STYLES, or as it is without colour."""
        return f"\x1b[{STYLES[name]}m{text}\x1b[m" if self.is_colored else text

    def tint(self, text: str, number: int) -> str:
        """The text in the colour of the thing with this number, or as it is without colour."""
        if not self.is_colored:
            return text
        from ccc.domain.hues import sgr  # for who shows many things at once

        return f"\x1b[{sgr(number, self.colors)}m{text}\x1b[m"

    @property
    def colors(self) -> int:
        """How many colours the terminal has, by what it says of itself in COLORTERM and TERM."""
        if self.environment.get("COLORTERM", "") in ("truecolor", "24bit"):
            return 1 << 24
        term = self.environment.get("TERM", "")
        return 256 if "256color" in term else 1 << 24 if "direct" in term else 8

    def out(self, text: str) -> None:
        """Writes an answer, with a final newline.

        Raises BrokenPipeError when nobody reads any more, Refused where the output takes nothing.
        """
        try:
            self.output.write(text if text.endswith("\n") else f"{text}\n")
        except BrokenPipeError:
            raise
        except OSError as error:
            raise Refused(f"the output could not be written: {error.strerror}") from error

    def err(self, text: str) -> None:
        """Writes words for a person, with a final newline, after the answer so far."""
        self.output.flush()
        self.words.write(text if text.endswith("\n") else f"{text}\n")
        self.words.flush()

    def json(self, document: Mapping[str, Any], *, line: bool = False) -> None:
        """Writes one JSON document: indented for a person at a terminal, else on one line, and flushes it.

        `line` says that it is one of a stream (JSON Lines), on one line everywhere.
        """
        import json  # 4 ms, not needed by text output

        # The stream writes a lone surrogate (a path that is not UTF-8) as \uXXXX, which is JSON's own escape.
        self.out(
            json.dumps(document, ensure_ascii=False, indent=2 if self.is_terminal and not line else None)
        )
        self.output.flush()

    def page(self, text: str) -> None:
        """Writes an answer, through the pager where there is a terminal and the user wants one."""
        from ccc.cli import pager  # subprocess: not needed in pipes

        if self.paging and self.is_terminal:
            command = self.preferences.pager()
            self.output.flush()
            if not pager.is_none(command) and pager.show(text, command, self.environment):
                return
        self.out(text)

    def rest(self, seconds: float) -> None:
        """Lets a time pass between two parts of an answer. Raises BrokenPipeError when nobody reads on."""
        from ccc.platform import readers  # for who goes on until interrupted

        self.output.flush()
        readers.rest(self.output, seconds)

    def confirm(self, question: str) -> bool | None:
        """Asks a yes-or-no question; None without a terminal, where nobody can be asked."""
        if not (self.input.isatty() and self.words.isatty()):
            return None
        self.output.flush()
        self.words.write(f"{question} [y/N] ")
        self.words.flush()
        return self.input.readline().strip().lower() in ("y", "yes")

    def progress(self, title: str, total: int | None = None) -> Progress:
        """A line on standard error for long work, silent without a terminal; use it in a `with` block."""
        capable = self.words.isatty() and self.environment.get("TERM") != "dumb"
        return Progress(title, total, self.words if capable else None, self.width)
