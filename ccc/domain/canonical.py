"""Canonical JSON: one spelling for every value that is recorded."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

ALLOWED = "null, strings, integers, lists and objects of these"

Value = None | str | int | Sequence["Value"] | Mapping[str, "Value"]


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canon(value: object) -> str:
    """Sorted keys, no spaces, UTF-8; the text two machines agree on byte for byte."""
    return _ENCODER.encode(value)


def checked(value: object) -> Value:
    """The value itself, if it may be recorded.

    Raises ValueError for floats, booleans, bytes, lone surrogates and keys that are not strings
    (DESIGN: floats print differently between programs; booleans are integers to some).
    """
    if value is None or type(value) is int:
        return value
    if isinstance(value, str):
        return value if value.isascii() else _encodable(value)
    if isinstance(value, Mapping):
        return {_key(key): checked(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [checked(item) for item in value]
    raise ValueError(f"{type(value).__name__} cannot be recorded; allowed are {ALLOWED}")


def _encodable(text: str) -> str:
    text.encode("utf-8")
    return text


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise ValueError("keys must be strings")
    return key if key.isascii() else _encodable(key)
