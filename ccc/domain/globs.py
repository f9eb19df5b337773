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
    """The inside of brackets; a range that runs backwards has nothing in it, so all of it is plain text."""
    sign, rest = ("^", inner[1:]) if inner[0] in "!^" else ("", inner)
    members = re.findall(r".-.|.", rest, re.DOTALL)
    if not members or any(len(each) == 3 and each[0] > each[2] for each in members):
        return re.escape(f"[{inner}]")
    ranges = ("-".join(map(re.escape, (each[0], each[-1]))) for each in members)
    return f"(?!/)[{sign}{''.join(ranges)}]"
