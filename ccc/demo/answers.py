"""What the stub of the Messages API says: scripts of steps, picked by a marker in what a user said."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ccc.records import dataclass

MARKER = re.compile(r"\[\[script:([\w.-]+)\]\]")
FOLDER = re.compile(
    r"^\W*(?:Primary working directory|Working directory|cwd): ?(/.*?)(?: \(was .*\))?$", re.MULTILINE
)
ANYTHING = "*"
"""The script of conversations without a marker."""

FILLER = "No response requested."
"""What the program puts into the model's mouth when it takes up a conversation that broke off."""

CHUNK = 24
"""Characters in a piece of text where the pieces come with a delay."""

Body = Mapping[str, Any]
Step = Mapping[str, Any]
Scripts = Mapping[str, Sequence[Step]]


@dataclass(frozen=True)
class Place:
    """Where in its script a conversation is; `aside` for requests without tools (titles, summaries)."""

    script: str | None
    step: int
    aside: bool


@dataclass(frozen=True)
class Answer:
    """One answer, ready to be sent; `trouble` is what goes wrong with it, empty where nothing does."""

    step: Step
    message: Mapping[str, Any]
    blocks: Sequence[Mapping[str, Any]]
    trouble: Mapping[str, Any]

    @property
    def stop_reason(self) -> str:
        """Why the model stops."""
        return str(self.step.get("stop_reason") or ("tool_use" if self.step.get("tools") else "end_turn"))

    @property
    def tokens(self) -> int:
        """What it costs to say: as the script has it, else a quarter of the characters."""
        given = (self.step.get("usage") or {}).get("output_tokens")
        return int(given or max(1, sum(len(json.dumps(block)) for block in self.blocks) // 4))

    def whole(self) -> dict[str, Any]:
        """The answer in one piece."""
        usage = {**self.message["usage"], "output_tokens": self.tokens}
        return {**self.message, "content": self.blocks, "stop_reason": self.stop_reason, "usage": usage}

    def events(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """The answer as server-sent events: (event, data)."""
        yield "message_start", {"message": self.message}
        yield "ping", {}
        size = CHUNK if self.step.get("chunk_delay") else 1 << 20
        for index, block in enumerate(self.blocks):
            yield "content_block_start", {"index": index, "content_block": _empty(block)}
            for delta in _deltas(block, size):
                yield "content_block_delta", {"index": index, "delta": delta}
            yield "content_block_stop", {"index": index}
        delta = {"stop_reason": self.stop_reason, "stop_sequence": None}
        yield "message_delta", {"delta": delta, "usage": {"output_tokens": self.tokens}}
        yield "message_stop", {}


def place_of(body: Body) -> Place:
    """The newest marker and the answers since; the request alone decides, so retries and resumes agree.

    Only what a user said counts, not what a tool printed; without any, what the system prompt says.
    """
    messages = body.get("messages") or []
    name, since = _marker(body.get("system")), -1
    for number, message in enumerate(messages):
        found = _marker(message.get("content")) if message.get("role") == "user" else None
        if found:
            name, since = found, number
    step = sum(_is_answer(message) for message in messages[since + 1 :])
    return Place(name, step, aside=not body.get("tools"))


def texts(content: Any) -> Iterator[str]:
    """The texts of a message's content; what tools printed is none of them."""
    if isinstance(content, str):
        yield content
        return
    for block in content or ():
        if isinstance(block, Mapping) and block.get("type") == "text":
            yield str(block.get("text", ""))


def folder_of(body: Body) -> str:
    """The working directory that the program tells its model; a session that moved tells the newest last."""
    contents = [message.get("content") for message in body.get("messages") or () if _of_the_program(message)]
    said = "\n".join(text for content in (body.get("system"), *contents) for text in texts(content))
    found = FOLDER.findall(said)
    return str(found[-1]).strip() if found else "/tmp"  # noqa: S108  (what a model would have to guess)


def step_of(scripts: Scripts, place: Place, folder: str) -> Step:
    """What is said at a place, `@CWD@` filled in; beyond the end of a script it is `done`."""
    if place.aside:
        return {"text": json.dumps({"title": "an aside"})}
    steps = scripts.get(place.script or ANYTHING, ())
    if place.step >= len(steps):
        return {"text": "done"}
    filled: Step = json.loads(json.dumps(steps[place.step]).replace("@CWD@", json.dumps(folder)[1:-1]))
    return filled


def answer_of(step: Step, body: Body, number: int, attempt: int) -> Answer:
    """The answer to the request of this number; `attempt` counts from 1. Raises KeyError for a bad step."""
    return Answer(step, _message(step, body, number), _blocks(step, number), _trouble(step, attempt))


def _of_the_program(message: Mapping[str, Any]) -> bool:
    """Whether the program says it by itself: as the system, or in a reminder before the user's words."""
    return message.get("role") == "system" or any(
        text.startswith("<system-reminder>") for text in texts(message.get("content"))
    )


def _is_answer(message: Mapping[str, Any]) -> bool:
    return message.get("role") == "assistant" and list(texts(message.get("content"))) != [FILLER]


def _marker(content: Any) -> str | None:
    found = [name for text in texts(content) for name in MARKER.findall(text)]
    return found[-1] if found else None


def _trouble(step: Step, attempt: int) -> Mapping[str, Any]:
    if step.get("fail_always"):
        return dict(step["fail_always"])
    listed = step.get("fail") or ()
    return dict(listed[attempt - 1]) if attempt <= len(listed) else {}


def _blocks(step: Step, number: int) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if step.get("thinking"):
        blocks.append({"type": "thinking", "thinking": step["thinking"], "signature": "c3R1Yg=="})
    if step.get("text"):
        blocks.append({"type": "text", "text": step["text"]})
    for index, tool in enumerate(step.get("tools") or ()):
        identifier = f"toolu_stub{number:05d}{index:02d}"
        blocks.append({"type": "tool_use", "id": identifier, "name": tool["name"], "input": tool["input"]})
    return blocks


def _message(step: Step, body: Body, number: int) -> dict[str, Any]:
    """The frame of the answer, still without content; tokens are a quarter of the characters."""
    usage = {
        "input_tokens": max(1, len(json.dumps(body)) // 4),
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": 1,
        "service_tier": "standard",
        **(step.get("usage") or {}),
    }
    return {
        "id": f"msg_stub{number:05d}",
        "type": "message",
        "role": "assistant",
        "model": step.get("model") or body.get("model"),
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage,
    }


def _empty(block: Mapping[str, Any]) -> dict[str, Any]:
    """A block as its start event shows it."""
    match block["type"]:
        case "text":
            return {"type": "text", "text": ""}
        case "thinking":
            return {"type": "thinking", "thinking": "", "signature": ""}
        case _:
            return {**block, "input": {}}


def _deltas(block: Mapping[str, Any], size: int) -> Iterator[dict[str, Any]]:
    match block["type"]:
        case "text":
            for start in range(0, len(block["text"]), size):
                yield {"type": "text_delta", "text": block["text"][start : start + size]}
        case "thinking":
            yield {"type": "thinking_delta", "thinking": block["thinking"]}
            yield {"type": "signature_delta", "signature": block["signature"]}
        case _:
            yield {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
