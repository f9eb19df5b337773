"""Path patterns of the team's files: `*` stays inside a folder, `**` goes through folders."""

from __future__ import annotations

import re
from functools import lru_cache

SIGNS = frozenset("*?[")
_PART = re.compile(r"\*\*/|\*\*|\*|\?|\[[!^]?[^/][^\]/]*\]|.", re.DOTALL)


def is_glob(text: str) -> bool:
    """Whether the text has any of the signs of a pattern; without them it names one path."""
    return not SIGNS.isdisjoint(text)


def matches(pattern: str, path: str) -> bool:
    """Whether the pattern matches the whole path, as git's `:(glob)` does.

    `**/` is any number of folders, none included; `**` anything; `*` and `?` never a slash; `[a-z]` one of
    a set, `[!a-z]` one outside it. A `[` without its `]` is itself.
    """
    return _compiled(pattern).fullmatch(path) is not None


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile("".join(_expression(part) for part in _PART.findall(pattern)), re.DOTALL)


def _expression(part: str) -> str:
    fixed = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    if part in fixed:
        return fixed[part]
    if len(part) == 1:
        return re.escape(part)
    return _set(part[1:-1])


def _set(inner: str) -> str:
    sign, rest = ("^", inner[1:]) if inner[0] in "!^" else ("", inner)
    escaped = re.sub(r"([\\\[\]^&|~])", r"\\\1", rest)
    try:
        re.compile(f"[{sign}{escaped}]")
    except re.error:
        return re.escape(f"[{inner}]")
    return f"(?!/)[{sign}{escaped}]"
