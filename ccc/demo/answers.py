"""What the stub of the Messages API says: scripts of steps, picked by a marker in what a user said."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MARKER = re.compile(r"\[\[script:([\w.-]+)\]\]")
FOLDER = re.compile(r"(?:Primary working directory|Working directory|cwd): ?(/[^\n\"<\\]+)")
ANYTHING = "*"
"""The script of conversations without a marker."""

Step = Mapping[str, Any]
Scripts = Mapping[str, Sequence[Step]]


@dataclass(frozen=True)
class Place:
    """Where in its script a conversation is; `aside` for requests without tools (titles, summaries)."""

    script: str | None
    step: int
    aside: bool


def place_of(body: Mapping[str, Any]) -> Place:
    """The newest marker and the answers since; the request alone decides, so retries and resumes agree."""
    messages = body.get("messages") or []
    name, since = None, -1
    for number, message in enumerate(messages):
        if message.get("role") == "user":
            for found in (MARKER.findall(text) for text in texts(message.get("content"))):
                if found:
                    name, since = found[-1], number
    step = sum(1 for message in messages[since + 1 :] if message.get("role") == "assistant")
    return Place(name, step, aside=not body.get("tools"))


def texts(content: Any) -> Iterator[str]:
    """The texts of a message's content; what tools printed is none of them."""
    if isinstance(content, str):
        yield content
        return
    for block in content or ():
        if isinstance(block, Mapping) and block.get("type") == "text":
            yield str(block.get("text", ""))


def folder_of(body: Mapping[str, Any]) -> str:
    """The working directory that the program tells its model."""
    said = json.dumps(body.get("system", "")) + json.dumps((body.get("messages") or [])[:3])
    found = FOLDER.search(said)
    return found[1].strip() if found else "/tmp"  # noqa: S108  (what a model would have to guess)


def step_of(scripts: Scripts, place: Place, folder: str) -> Step:
    """What is said at a place; beyond the end of a script, and aside, it is `done`."""
    if place.aside:
        return {"text": json.dumps({"title": "an aside"})}
    steps = scripts.get(place.script or ANYTHING, ())
    if place.step >= len(steps):
        return {"text": "done"}
    filled: Step = json.loads(json.dumps(steps[place.step]).replace("@CWD@", folder))
    return filled


def blocks_of(step: Step, number: int) -> list[dict[str, Any]]:
    """The content of the answer."""
    blocks: list[dict[str, Any]] = []
    if step.get("thinking"):
        blocks.append({"type": "thinking", "thinking": step["thinking"], "signature": "c3R1Yg=="})
    if step.get("text"):
        blocks.append({"type": "text", "text": step["text"]})
    for index, tool in enumerate(step.get("tools") or ()):
        identifier = f"toolu_stub{number:05d}{index:02d}"
        blocks.append({"type": "tool_use", "id": identifier, "name": tool["name"], "input": tool["input"]})
    return blocks


def message_of(step: Step, body: Mapping[str, Any], number: int, size: int) -> dict[str, Any]:
    """The answer's frame, still without content; tokens are a quarter of the bytes."""
    usage = {
        "input_tokens": max(1, size // 4),
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


def stop_reason(step: Step) -> str:
    """Why the model stops."""
    return str(step.get("stop_reason") or ("tool_use" if step.get("tools") else "end_turn"))


def events_of(
    step: Step, message: Mapping[str, Any], blocks: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The server-sent events of a streamed answer, as (event, data)."""
    yield "message_start", {"message": message}
    yield "ping", {}
    for index, block in enumerate(blocks):
        yield from _block_events(index, block, 24 if step.get("chunk_delay") else 4000)
    tokens = max(1, sum(len(json.dumps(block)) for block in blocks) // 4)
    delta = {"stop_reason": stop_reason(step), "stop_sequence": None}
    yield "message_delta", {"delta": delta, "usage": {"output_tokens": tokens}}
    yield "message_stop", {}


def _block_events(index: int, block: Mapping[str, Any], size: int) -> Iterator[tuple[str, dict[str, Any]]]:
    kind = block["type"]
    empty = {"text": {"type": "text", "text": ""}, "thinking": {**block, "thinking": "", "signature": ""}}
    begin = empty.get(str(kind), {**block, "input": {}})
    yield "content_block_start", {"index": index, "content_block": begin}
    for delta in _deltas(block, size):
        yield "content_block_delta", {"index": index, "delta": delta}
    yield "content_block_stop", {"index": index}


def _deltas(block: Mapping[str, Any], size: int) -> Iterator[dict[str, Any]]:
    if block["type"] == "text":
        for start in range(0, len(block["text"]), size):
            yield {"type": "text_delta", "text": block["text"][start : start + size]}
    elif block["type"] == "thinking":
        yield {"type": "thinking_delta", "thinking": block["thinking"]}
        yield {"type": "signature_delta", "signature": block["signature"]}
    else:
        yield {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
