"""Untrusted text in Markdown: visibly quoted, unable to pose as the document's own words."""

from __future__ import annotations

import re
import unicodedata

from ccc.text import ELLIPSIS, printable

_SPECIAL = re.compile(r'[\\`*<>\[\]|"]')
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+-]{0,119}\Z")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z\Z")
_RUN = re.compile(r"`+")
_KEPT_FORMAT = "\u200c\u200d"
"""Joiners that scripts and emoji need; every other invisible format character is shown as an escape."""


def visible(text: str) -> str:
    """Text as one line: white space folded; control, direction and invisible characters as escapes.

    Invisible ones too (tag characters, zero width spaces): they carry words past a reader.
    """
    line = " ".join(text.split())
    if line.isprintable():
        return line
    return "".join(_escaped(c) if _is_hidden(c) else printable(c) for c in line)


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) == "Cf" and character not in _KEPT_FORMAT


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def quoted(text: str, limit: int) -> str:
    """Text in double quotes with Markdown's signs escaped, cut at `limit` characters and said so."""
    line = visible(text)
    shown = _SPECIAL.sub(lambda sign: "\\" + sign[0], line[:limit]).replace("<!", "<\\!")
    if len(line) <= limit:
        return f'"{shown}"'
    return f'"{shown}{ELLIPSIS}" (cut, {len(line)} characters)'


def name(text: str) -> str:
    """A session's, branch's or role's name: as it is where it looks like one, else quoted."""
    return text if _PLAIN.match(text) else quoted(text, 80)


def moment(text: str) -> str:
    """A time as ccc writes it, as it is; anything else quoted."""
    return text if _MOMENT.match(text) else quoted(text, 40)


def code(text: str, limit: int = 200) -> str:
    """A path or command as a code span, with more backticks than it contains."""
    line = visible(text)
    shown = line if len(line) <= limit else line[:limit] + ELLIPSIS
    shown = shown.replace("<!", "<\\!")
    if not shown:
        return '""'
    ticks = "`" * (max((len(run) for run in _RUN.findall(shown)), default=0) + 1)
    space = " " if "`" in (shown[0], shown[-1]) else ""
    return f"{ticks}{space}{shown}{space}{ticks}"


def cell(text: str) -> str:
    """Ready Markdown as a cell of a table: a bar inside must not end the cell."""
    return re.sub(r"(?<!\\)\|", r"\\|", text)


def fenced(lines: list[str], language: str) -> str:
    """Lines as a fenced block, its fence longer than any run of backticks inside."""
    body = "\n".join(line.replace("<!--", "<\\!--") for line in lines)
    ticks = "`" * max(3, 1 + max((len(run) for run in _RUN.findall(body)), default=0))
    return f"{ticks}{language}\n{body}\n{ticks}"


def raw_line(text: str) -> str:
    """One line of quoted code: tabs and spaces as they are, everything hidden as an escape."""
    return "".join(c if c == "\t" else _escaped(c) if _is_hidden(c) else printable(c) for c in text)
