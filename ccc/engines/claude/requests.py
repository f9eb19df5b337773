"""What `claude` asks over its control channel, and our answers: permissions and questions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ccc.domain.life import Request

QUESTION_TOOL = "AskUserQuestion"
ALLOW, DENY = "allow", "deny"


def request_of(identifier: str, body: Mapping[str, Any], what: str) -> Request:
    """A `can_use_tool` request as something a person can answer."""
    tool = str(body.get("tool_name"))
    if tool != QUESTION_TOOL:
        return Request(identifier, "permission", f"wants to use {tool}: {what}".rstrip(": "), (ALLOW, DENY))
    questions = _questions(body)
    text = "\n".join(str(question.get("question", "")) for question in questions)
    choices = _labels(questions[0]) if len(questions) == 1 else ()
    return Request(identifier, "question", text, choices)


def response(identifier: str, body: Mapping[str, Any], text: str) -> dict[str, Any]:
    """The control line that answers it. A permission is given by `allow` only."""
    given = dict(body.get("input") or {})
    if body.get("tool_name") == QUESTION_TOOL:
        answers = {str(question.get("question", "")): text for question in _questions(body)}
        decision: dict[str, Any] = {"behavior": "allow", "updatedInput": {**given, "answers": answers}}
    elif text.strip().lower() == ALLOW:
        decision = {"behavior": "allow", "updatedInput": given}
    else:
        reason = text.strip().removeprefix(DENY).strip(" :")
        decision = {"behavior": "deny", "message": reason or "A person denied this."}
    return {
        "type": "control_response",
        "response": {"subtype": "success", "request_id": identifier, "response": decision},
    }


def moment(seconds: object) -> str | None:
    """Seconds since 1970 as RFC 3339 UTC; None for anything else."""
    if not isinstance(seconds, int | float):
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _questions(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = (body.get("input") or {}).get("questions") or ()
    return [question for question in found if isinstance(question, Mapping)]


def _labels(question: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(option.get("label", "")) for option in question.get("options") or ())
