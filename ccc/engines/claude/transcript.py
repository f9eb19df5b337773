"""The conversation as `claude` keeps it: one JSON object a line, in its own configuration folder."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ccc.engines.claude.engine import describe
from ccc.engines.transcripts import TurnLine

SLUG_LENGTH = 200
QUEUED = "queued_command"
"""What was said in the middle of a turn: the transcript keeps it as an attachment of that turn."""


def find(configuration: Path, folder: Path, conversation: str) -> Path | None:
    """The file of a conversation held in `folder`; None where there is none.

    Its place follows from the folder's path; where that is too long, or was moved, it is looked for.
    """
    projects = configuration / "projects"
    slug = re.sub(r"[^A-Za-z0-9]", "-", str(folder))
    usual = projects / slug / f"{conversation}.jsonl"
    if len(slug) <= SLUG_LENGTH and usual.is_file():
        return usual
    return next(iter(sorted(projects.glob(f"*/{conversation}.jsonl"))), None)


def parse(line: bytes) -> Sequence[TurnLine]:
    """The turns in a line of the transcript, or of the stream: both have the same shape."""
    try:
        found = json.loads(line)
        return list(_turns(found)) if isinstance(found, dict) else ()
    except (ValueError, TypeError, AttributeError, RecursionError):
        return (TurnLine("system", "an unreadable line"),)


def _turns(found: Mapping[str, Any]) -> Iterator[TurnLine]:
    kind, at = found.get("type"), found.get("timestamp")
    moment = at if isinstance(at, str) else None
    if kind in ("user", "assistant"):
        aside = bool(found.get("isSidechain") or found.get("parent_tool_use_id"))
        content = (found.get("message") or {}).get("content")
        for block in [{"type": "text", "text": content}] if isinstance(content, str) else content or ():
            yield from _block(block, str(kind), moment, aside)
    elif kind == "attachment" and (absorbed := found.get("attachment") or {}).get("type") == QUEUED:
        yield TurnLine("person", _text(absorbed.get("prompt")), moment)
    elif kind == "system" and found.get("subtype") == "compact_boundary":
        yield TurnLine("system", "the conversation was compacted", moment)


def _block(block: Mapping[str, Any], kind: str, at: str | None, aside: bool) -> Iterator[TurnLine]:
    role = "person" if kind == "user" else "sub-agent" if aside else "agent"
    if block.get("type") == "text" and block.get("text"):
        yield TurnLine(role, str(block["text"]), at)
    elif block.get("type") == "tool_use":
        yield TurnLine(role, describe(block.get("input")), at, tool=str(block.get("name")))
    elif block.get("type") == "tool_result":
        yield TurnLine("tool", _text(block.get("content")), at, ok=not block.get("is_error"))


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(str(part.get("text", "")) for part in content or () if isinstance(part, Mapping))
