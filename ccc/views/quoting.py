"""Untrusted text in Markdown: visibly quoted, unable to pose as the document's own words."""

from __future__ import annotations

import re

from ccc.text import ELLIPSIS, printable

_SPECIAL = re.compile(r'[\\`*<>\[\]|"]')
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+-]{0,119}\Z")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z\Z")
_RUN = re.compile(r"`+")
_HIDDEN = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Invisible characters that carry words past a reader or reorder them, joiners of scripts and emoji aside.

Listed, not asked of `unicodedata`: the document must not depend on Python's version.
"""


def visible(text: str) -> str:
    """Text as one line: white space folded; control, direction and invisible characters as escapes."""
    return printable(_HIDDEN.sub(_escaped, " ".join(text.split())))


def _escaped(found: re.Match[str]) -> str:
    point = ord(found[0])
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


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
    return "\t".join(printable(_HIDDEN.sub(_escaped, part)) for part in text.split("\t"))
