"""Errors of the team's files, in words: file, line, key, what is wrong."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from ccc.config.places import Places, line_of
from ccc.errors import BadConfig

WORDS = {
    "missing": "is missing",
    "string_type": "must be text",
    "string_too_short": "must not be empty",
    "too_short": "must not be empty",
    "string_pattern_mismatch": "must match {pattern}",
    "int_type": "must be a whole number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list",
    "model_type": "must be a table",
    "dict_type": "must be a table",
    "literal_error": "must be {expected}",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "invalid_key": "a key must be text",
    "extra_forbidden": "unknown key",
}
"""pydantic's kinds of errors as users read them; the same in every version of pydantic."""


def bad(error: ValidationError, *, where: str, places: Places, model: type[BaseModel]) -> BadConfig:
    """The first problem in the file's order as one line of what and one of what to do."""
    problems = sorted(error.errors(), key=lambda problem: line_of(places, problem["loc"]))
    first, keys = problems[0], [str(part) for part in problems[0]["loc"]]
    hints = {
        "extra_forbidden": unknown(keys, model),
        "missing": f"add {keys[-1]} there",
        "dict_type": f"write [{'.'.join(keys)}] and, below it, a line NAME = VALUE for each",
    }
    hint = hints.get(first["type"], "mend that line, or delete it to have the default")
    return BadConfig(f"{where}:{line_of(places, first['loc'])}: {'.'.join(keys)}: {words(first)}", hint)


def words(problem: Any) -> str:
    """What is wrong, from one entry of `ValidationError.errors()`."""
    context: Mapping[str, Any] = problem.get("ctx", {})
    if problem["type"] in WORDS:
        return WORDS[problem["type"]].format_map(context)
    text = str(context.get("error", problem["msg"]))
    return text[:1].lower() + text[1:]


def unknown(keys: list[str], model: type[BaseModel]) -> str:
    """A hint for a key that does not exist: the same one elsewhere, near ones beside it, or all beside it."""
    current: type[BaseModel] | None = model
    for key in keys[:-1]:
        if not key.isdigit():
            current = _models(current).get(key)
    known = names(current) if current is not None else []
    near = [path for path in _paths(model) if path.rpartition(".")[2] == keys[-1]]
    near = near or difflib.get_close_matches(keys[-1], known, n=2, cutoff=0.55)
    return f"did you mean {' or '.join(near)}?" if near else f"known keys: {', '.join(known)}"


def names(model: type[BaseModel]) -> list[str]:
    """The keys of a model as they are written in files."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _models(model: type[BaseModel] | None) -> dict[str, type[BaseModel] | None]:
    """Key → the model of its value, or of the items of its value."""
    fields = {} if model is None else model.model_fields
    return {field.alias or name: _model_in(field.annotation) for name, field in fields.items()}


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)


def _paths(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, inner in _models(model).items():
        yield prefix + name
        if inner is not None:
            yield from _paths(inner, f"{prefix}{name}.")
