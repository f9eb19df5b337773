"""Errors of the team's files, in words: file, line, key, what is wrong."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from ccc.errors import BadConfig


def bad(error: ValidationError, *, where: str, lines: Sequence[str], model: type[BaseModel]) -> BadConfig:
    """The first problem of a validation as one line of what and one of what to do."""
    first = error.errors()[0]
    keys = [str(part) for part in first["loc"]]
    key = ".".join(keys)
    line = line_of(keys, lines)
    if first["type"] == "extra_forbidden":
        return BadConfig(f"{where}:{line}: {key}: unknown key", _near(keys, model))
    return BadConfig(f"{where}:{line}: {key}: {_words(first)}", "git ccc config lists every key and its value")


def _words(problem: Any) -> str:
    text = str(problem["msg"])
    return text.removeprefix("Value error, ")[:1].lower() + text.removeprefix("Value error, ")[1:]


def line_of(keys: Sequence[str], lines: Sequence[str]) -> int:
    """The line, from 1, where the innermost key that appears in the text stands; 1 where none does."""
    names = [key for key in keys if not key.isdigit()]
    start = 0
    for name in names[:-1]:
        start = next((n for n in range(start, len(lines)) if _mentions(lines[n], name)), start)
    for number in range(start, len(lines)):
        if names and _mentions(lines[number], names[-1]):
            return number + 1
    return start + 1


def _mentions(line: str, name: str) -> bool:
    text = line.strip().lstrip("[").strip()
    rest = text.removeprefix(name) if text.startswith(name) else None
    return rest is not None and (rest == "" or rest.lstrip()[:1] in ("=", ":", "]", "."))


def _near(keys: Sequence[str], model: type[BaseModel]) -> str:
    current: Any = model
    for key in keys[:-1]:
        field = getattr(current, "model_fields", {}).get(key)
        current = field.annotation if field is not None else None
    known = list(getattr(current, "model_fields", {}))
    near = difflib.get_close_matches(keys[-1], known, n=2)
    return f"did you mean {' or '.join(near)}?" if near else f"known keys: {', '.join(known)}"
