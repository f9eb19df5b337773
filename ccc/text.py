"""Text as a terminal shows it: column widths, and untrusted characters made visible."""

from __future__ import annotations

import unicodedata

ELLIPSIS = "…"
EMOJI_PRESENTATION = "\ufe0f"
INVISIBLE = frozenset({"Mn", "Me", "Cf"})
WIDE = frozenset({"W", "F"})
DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that reorder what a reader sees (the "Trojan Source" attack); they are shown as escapes."""

ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


def printable(text: str) -> str:
    """Untrusted text as one line: control characters, line ends and undecodable bytes become escapes."""
    if text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def printable_lines(text: str) -> str:
    """As `printable`, but line ends and tabs stay what they are."""
    return "".join(character if character in "\n\t" else printable(character) for character in text)


def _shown(character: str) -> str:
    code = ord(character)
    if character in ESCAPES:
        return ESCAPES[character]
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was no UTF-8 (PEP 383)
        return f"\\x{code - 0xDC00:02x}"
    if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or character in DIRECTIONS:
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    return character


def display_width(text: str) -> int:
    """Columns of the text on a terminal: 2 for wide characters and emoji, 0 for marks (Unicode TR 11)."""
    if text.isascii():
        return len(text)
    columns = previous = 0
    for character in text:
        if character == EMOJI_PRESENTATION:
            columns += 2 - previous if previous == 1 else 0
            continue
        width = _width(character)
        columns += width
        previous = width or previous
    return columns


def _width(character: str) -> int:
    if unicodedata.category(character) in INVISIBLE:
        return 0
    return 2 if unicodedata.east_asian_width(character) in WIDE else 1


def pad(text: str, width: int) -> str:
    """The text followed by spaces up to `width` columns; longer text is left as it is."""
    return text + " " * (width - display_width(text))


def cut(text: str, width: int) -> str:
    """The text in at most `width` columns; what was left out shows as an ellipsis."""
    if display_width(text) <= width:
        return text
    kept = ""
    for character in text:
        if display_width(kept + character) > width - 1:
            break
        kept += character
    return kept + ELLIPSIS if width > 0 else ""
