"""The request on a forge by which a session lands, as its cell holds it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccc.records import dataclass


@dataclass(frozen=True)
class Request:
    """A request on a forge: the session's `head`, combined with `base` into `tree`, pushed as `commit`.

    `state`: `opening`, `open`, `merged` or `closed`; `branch` is that of the remote which it is from;
    `before` what was pushed there last. `words`: what it waits for, shortly.
    """

    url: str
    number: int
    remote: str
    branch: str
    head: str
    base: str
    tree: str
    commit: str
    before: str | None
    state: str
    words: str
    at: str


def request_of(value: Mapping[str, Any] | None, at: str) -> Request | None:
    """The recorded one; `at`: when it was recorded."""
    if value is None:
        return None
    # A newer ccc may have recorded more.
    known: dict[str, Any] = {name: value.get(name) for name in Request.__annotations__}
    return Request(**{**known, "at": at})
