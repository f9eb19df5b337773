"""When `claude` has given up because of what ends by itself, and until when that is told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ccc.engines.claude.requests import moment
from ccc.engines.protocol import Limited

WAITED_OUT = (429, 529)
"""Answers of the API that mean later, not never: a rate limit, and too many users at once."""

USED_UP = re.compile(
    r"(usage limit reached|you.ve hit your [a-z0-9 -]*limit)(?:\|(\d{9,11}))?", re.IGNORECASE
)
"""What the program says instead of an answer where a subscription is used up; the number is the reset."""

CUT_OFF = "connection_failed"
"""What the program calls a connection that was refused or cut, and a name that is not known. What is not to
be trusted (`tls_untrusted_ca`) stays so."""

BROKEN = range(500, 600)
"""Answers of an API, or of a gateway before it, that does not work just now."""

TIMED_OUT = "Request timed out"
WORDS_LENGTH = 160


def given_up(found: Mapping[str, Any], said: str, known: Limited | None) -> Limited | None:
    """The limit in a result that is a failure; `known` is the one that was told in this turn before."""
    words = USED_UP.search(said)
    status = found.get("api_error_status")
    if words is None and status not in WAITED_OUT and not (known is not None and known.until):
        return _outage(found, said)
    until = moment(int(words[2])) if words is not None and words[2] else known.until if known else None
    why = "the API is overloaded" if status == 529 else "its rate limit is used up"
    return Limited(why, until)


def _outage(found: Mapping[str, Any], said: str) -> Limited | None:
    """That there is no API to speak to: the network is away, or the other side does not work."""
    status = found.get("api_error_status")
    if status in BROKEN:
        return Limited(f"the API answers {status}", outage=True)
    if found.get("api_error") != CUT_OFF and not said.startswith(TIMED_OUT):
        return None
    return Limited(
        f"the API cannot be reached: {said.removeprefix('API Error: ')[:WORDS_LENGTH]}", outage=True
    )
