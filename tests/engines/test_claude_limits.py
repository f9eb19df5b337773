"""Rate limits in the lines of `claude`, as the real program prints them (tests/claude/test_program.py)."""

from __future__ import annotations

import json
from typing import Any

from ccc.engines.claude.engine import Claude
from ccc.engines.protocol import Limited, Sign, TurnEnded

RESET, WHEN = 1795305079, "2026-11-21T23:51:19.000Z"
USED_UP = "its rate limit is used up"


def event(status: str = "rejected", resets: int | None = RESET, *, overage: bool = False) -> dict[str, Any]:
    info: dict[str, Any] = {"status": status, "rateLimitType": "five_hour", "isUsingOverage": overage}
    if resets is not None:
        info["resetsAt"] = resets
    return {"type": "rate_limit_event", "rate_limit_info": info}


def failed(words: str, status: int | None = None) -> dict[str, Any]:
    line = {"type": "result", "subtype": "success", "is_error": True, "terminal_reason": "api_error"}
    return {**line, "result": words, "api_error_status": status}


def signs(*lines: dict[str, Any]) -> list[Sign]:
    """What one process of the program tells by these lines."""
    engine = Claude("claude")
    return [sign for line in lines for sign in engine.read(json.dumps(line).encode())]


def given_up(*lines: dict[str, Any]) -> Limited | None:
    """The limit that a turn has ended for."""
    (ended,) = [sign for sign in signs(*lines) if isinstance(sign, TurnEnded)]
    return ended.limited


def test_a_rejected_limit_is_told_with_its_reset_and_ends_the_turn_until_then() -> None:
    assert signs(event()) == [Limited(USED_UP, WHEN)]
    said = failed("You've hit your limit · resets 11:51pm (UTC)", 429)
    assert given_up(event(), said) == Limited(USED_UP, WHEN)
    retry = {"type": "system", "subtype": "api_retry", "attempt": 1, "max_retries": 2, "error_status": 429}
    assert given_up(event(), retry, said) == Limited(USED_UP, WHEN)


def test_one_that_names_no_reset_says_so() -> None:
    assert signs(event(resets=None)) == [Limited(USED_UP, None)]
    assert given_up(event(resets=None), failed("rate limited", 429)) == Limited(USED_UP, None)
    assert given_up(failed("Overloaded", 529)) == Limited("the API is overloaded", None)
    assert given_up(failed(f"Claude AI usage limit reached|{RESET}")) == Limited(USED_UP, WHEN)


def test_what_is_allowed_paid_for_or_over_is_no_limit() -> None:
    assert signs(event("allowed"), event("allowed_warning"), event(overage=True)) == []
    assert given_up(event(), event("allowed"), failed("API Error: 400 wrong", 400)) is None
    assert given_up(event(), event(overage=True), failed("API Error: 400 wrong", 400)) is None


def test_an_api_that_is_not_there_is_no_limit_and_ends_by_itself_all_the_same() -> None:
    refused = {**failed("API Error: Connection refused (ECONNREFUSED)"), "api_error": "connection_failed"}
    why = "the API cannot be reached: Connection refused (ECONNREFUSED)"
    assert given_up(refused) == Limited(why, outage=True)
    late = failed("Request timed out. If the API is slow to answer, set API_TIMEOUT_MS above 2000.")
    assert given_up(late) == Limited(f"the API cannot be reached: {late['result']}", outage=True)
    assert given_up(failed("API Error: 503 away", 503)) == Limited("the API answers 503", outage=True)
    assert given_up({**failed("Self-signed certificate"), "api_error": "tls_untrusted_ca"}) is None
    assert given_up(failed("Invalid API key", 401)) is None
