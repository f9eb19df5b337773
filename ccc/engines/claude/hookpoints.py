"""Claude Code's hook points as a way for messages: what a hook is told, what it prints, what proves receipt.

No I/O. What each point does with what a hook prints was measured (docs/claude-engine.md).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ccc.records import dataclass

START, PROMPT, STOP, END = "SessionStart", "UserPromptSubmit", "Stop", "SessionEnd"
TOOL, FAILED_TOOL = "PostToolUse", "PostToolUseFailure"
EVENTS = (START, PROMPT, TOOL, FAILED_TOOL, STOP, END)
"""The hooks that ccc installs, in the order of a conversation."""

SIZE = 9_000
"""Bytes that a hook hands over at once: past 10,000 characters the program shows the agent only a preview."""

CARRIERS = frozenset({"hook_additional_context", "hook_blocking_error", "queued_command"})
"""Attachments of a transcript that are part of what the model is told. `hook_success` is not: it is only
what a hook printed."""


@dataclass(frozen=True)
class Point:
    """A hook that runs: at which event, of which conversation, where its transcript is.

    `aside`: it belongs to a sub-agent, which is nobody's receiver.
    """

    event: str
    conversation: str
    transcript: Path
    aside: bool = False

    @property
    def delivers(self) -> bool:
        """Whether what this hook prints reaches the agent."""
        return self.event in EVENTS and self.event != END and not self.aside


def point_of(document: Mapping[str, Any]) -> Point:
    """The point from a hook's input. Raises ValueError for what is none."""
    event, conversation, transcript = (
        document.get(key) for key in ("hook_event_name", "session_id", "transcript_path")
    )
    if not (isinstance(event, str) and isinstance(conversation, str) and isinstance(transcript, str)):
        raise ValueError("not the input of a Claude Code hook")
    return Point(event, conversation, Path(transcript), aside=bool(document.get("agent_id")))


def printed(event: str, words: Sequence[str], *, again: bool) -> str:
    """What the hook prints so that the agent is told these messages; nothing where there are none.

    At a stop the agent goes on for it. `again`: one of them was told before and did not arrive; then the
    words are the very reason to go on, which every version of the program passes on (and shows twice).
    """
    if not words:
        return ""
    text = "\n\n".join(words)
    context: dict[str, Any] = {"hookSpecificOutput": {"hookEventName": event, "additionalContext": text}}
    if event != STOP:
        return json.dumps(context)
    if again:
        return json.dumps({"decision": "block", "reason": text})
    reason = "A message came for you." if len(words) == 1 else f"{len(words)} messages came for you."
    return json.dumps({"decision": "block", "reason": reason, **context})


def is_told(line: bytes, opening: str) -> bool:
    """Whether a line of the transcript tells the agent the message whose words begin with `opening`."""
    if opening.encode("ascii") not in line:
        return False
    found = _parsed(line)
    if found.get("isSidechain"):
        return False
    attachment = found.get("attachment")
    if found.get("type") == "attachment" and isinstance(attachment, Mapping):
        return attachment.get("type") in CARRIERS
    return found.get("type") == "user" and any(opening in text for text in _texts(found))


def turns_in(lines: Iterable[bytes]) -> int:
    """How many turns begin in these lines of a transcript: what somebody said to the agent."""
    return sum(b'"user"' in line and _begins_turn(_parsed(line)) for line in lines)


def answers_in(lines: Iterable[bytes]) -> int:
    """How many answers of the model these lines are of; each may be several lines."""
    found = set()
    for line in lines:
        document = _parsed(line) if b'"assistant"' in line else {}
        message = document.get("message")
        if document.get("type") == "assistant" and not document.get("isSidechain"):
            found.add(message.get("id") if isinstance(message, Mapping) else None)
    return len(found)


def _begins_turn(found: Mapping[str, Any]) -> bool:
    if found.get("type") != "user" or found.get("isMeta") or found.get("isSidechain"):
        return False
    return bool(_texts(found))


def _texts(found: Mapping[str, Any]) -> list[str]:
    """What a line says in words; what a tool printed is none of them."""
    message = found.get("message")
    content = message.get("content") if isinstance(message, Mapping) else None
    if isinstance(content, str):
        return [content]
    blocks = [block for block in content or () if isinstance(block, Mapping)]
    return [str(block.get("text")) for block in blocks if block.get("type") == "text"]


def _parsed(line: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
