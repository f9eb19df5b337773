"""Identifiers people and programs use: session ids, names, slugs."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import Any

RESERVED_ROLES = frozenset({"check", "new", "all", "orchestrator"})
SHORT_ID = 8
SHORT_OID = 7
SHA256_DIGITS = 64
SLUG_LENGTH = 40
LEAST_PREFIX = 4


def new_id() -> str:
    """A fresh identifier: 32 hexadecimal digits, random."""
    return os.urandom(16).hex()


def short(identifier: str) -> str:
    """The first 8 digits of an id, as shown to people."""
    return identifier[:SHORT_ID]


def short_oid(oid: str) -> str:
    """The first 7 digits of an object id, as shown to people."""
    return oid[:SHORT_OID]


def slug(text: str, identifier: str) -> str:
    """The task as a name part: NFKD, lower case, `[a-z0-9-]`, cut at the last `-` before 40 characters.

    Nothing left (a task in Chinese, say) gives `task-<id8>`.
    """
    plain = unicodedata.normalize("NFKD", text).lower()
    words = re.sub(r"[^a-z0-9]+", "-", _without_marks(plain)).strip("-")
    if len(words) > SLUG_LENGTH:
        head = words[: SLUG_LENGTH + 1]
        words = head.rpartition("-")[0] or words[:SLUG_LENGTH]
    return words.strip("-") or f"task-{short(identifier)}"


def _without_marks(text: str) -> str:
    return "".join(character for character in text if not unicodedata.combining(character))


def numbered(name: str, taken: frozenset[str] | set[str]) -> str:
    """`name`, or `name-2`, `name-3`, ... when it is taken."""
    if name not in taken:
        return name
    number = 2
    while f"{name}-{number}" in taken:
        number += 1
    return f"{name}-{number}"


def object_id(kind: str, content: bytes, *, algorithm: str = "sha1") -> str:
    """The id git gives an object, in hexadecimal."""
    return digest(algorithm, b"%s %d\0" % (kind.encode(), len(content)) + content)


def blob_id(content: bytes, *, like: str) -> str:
    """The id of a file's bytes where ids look like this one: SHA-1 or SHA-256."""
    return object_id("blob", content, algorithm=algorithm_of(like))


def algorithm_of(oid: str) -> str:
    """The hash function that gave an object its id."""
    return "sha256" if len(oid) == SHA256_DIGITS else "sha1"


def digest(algorithm: str, content: bytes) -> str:
    """The hexadecimal digest of some bytes; no secret is kept by it."""
    if algorithm == "sha1" and len(content) <= SHORT and (small := _without_openssl()) is not None:
        return str(small(content, usedforsecurity=False).hexdigest())
    import hashlib  # 3 ms, and most calls of ccc need no digest of anything long

    return hashlib.new(algorithm, content, usedforsecurity=False).hexdigest()


SHORT = 4096
"""Bytes: for longer ones OpenSSL is worth loading."""


@cache
def _without_openssl() -> Callable[..., Any] | None:
    """Python's own SHA-1; None where this Python was built without it."""
    try:
        return __import__("_sha1").sha1  # type: ignore[no-any-return]
    except ImportError:
        return None
