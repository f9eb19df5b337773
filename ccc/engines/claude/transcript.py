"""The conversation as `claude` keeps it: one JSON object a line, in its own configuration folder."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ccc.engines.claude.engine import describe
from ccc.engines.transcripts import UNREADABLE, TurnLine

SLUG_LENGTH = 200
QUEUED = "queued_command"
"""What was said in the middle of a turn: the transcript keeps it as an attachment of that turn."""

OWN_WORDS = ("isMeta", "isCompactSummary", "isSynthetic")
"""Marks of lines that the program puts into a user's mouth."""

TAG = re.compile(r"<([a-z-]+)>(.*?)</\1>", re.DOTALL)
WRAPPED = re.compile(r"\s*<(command-name|task-notification|local-command-[a-z]+)>")
"""How the program wraps what it says as if a user had said it."""


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


def sub_agents(transcript: Path) -> list[Path]:
    """The files of the sub-agents of a conversation, which stand beside its own."""
    return sorted((transcript.with_suffix("") / "subagents").glob("agent-*.jsonl"))


def heard(path: Path) -> set[str]:
    """The uuids of what users said in a conversation, as one the program takes up would have it.

    What began a turn has a line of its own, or is named by the line that it was joined with; what came in the
    middle of one is an attachment; what only waited in the program's queue is none of these
    (docs/claude-engine.md). Raises OSError.
    """
    lines = (line for line in path.read_bytes().split(b"\n") if b"uuid" in line)
    return {uuid for line in lines for uuid in _heard(line) if isinstance(uuid, str)}


def _heard(line: bytes) -> Sequence[object]:
    try:
        said = json.loads(line)
        attached = said.get("attachment") or {}
        uuid = attached.get("source_uuid") if attached.get("type") == QUEUED else said.get("uuid")
        joined = said.get("mergedSendUuids")
    except (ValueError, AttributeError, RecursionError):
        return ()
    if said.get("type") not in ("user", "attachment"):
        return ()
    return (uuid, *joined) if isinstance(joined, list) else (uuid,)


def parse(line: bytes) -> Sequence[TurnLine]:
    """The turns in a line of the transcript, or of the stream: both have the same shape."""
    text = line.decode("utf-8", "replace").strip("\0 \t")
    try:
        found = json.loads(text) if text else None
        return list(_turns(found)) if isinstance(found, dict) else ()
    except (ValueError, TypeError, AttributeError, RecursionError):
        return (UNREADABLE,)


def _turns(found: Mapping[str, Any]) -> Iterator[TurnLine]:
    kind, at = found.get("type"), found.get("timestamp")
    moment = at if isinstance(at, str) else None
    if kind in ("user", "assistant"):
        content = (found.get("message") or {}).get("content")
        for block in [{"type": "text", "text": content}] if isinstance(content, str) else content or ():
            yield from _block(block, found, moment)
    elif kind == "attachment" and (absorbed := found.get("attachment") or {}).get("type") == QUEUED:
        yield from _said(_text(absorbed.get("prompt")), "person", moment)
    elif kind == "system":
        yield from _of_the_program(found, moment)
    elif kind == "result" and str(found.get("subtype")).startswith("error"):
        reasons = "; ".join(str(error) for error in found.get("errors") or ())
        yield TurnLine("system", reasons or str(found["subtype"]), moment, ok=False)


def _of_the_program(found: Mapping[str, Any], at: str | None) -> Iterator[TurnLine]:
    """What it says itself. The last two kinds are in the stream alone: the transcript has words for them."""
    kind, prompt, summary = found.get("subtype"), found.get("prompt"), found.get("summary")
    if kind == "compact_boundary":
        yield TurnLine("system", "the conversation was compacted", at)
    elif kind == "task_started" and isinstance(prompt, str):
        yield TurnLine("agent", prompt, at)
    elif kind == "task_notification":
        words = f"a sub-agent finished\n{summary}" if found.get("summary_is_report") else summary
        yield TurnLine("system", str(words or "a background task has news"), at)


def _block(block: Mapping[str, Any], found: Mapping[str, Any], at: str | None) -> Iterator[TurnLine]:
    kind, text = block.get("type"), str(block.get("text") or "").strip()
    if kind == "text" and text and found["type"] == "user":
        yield from _said(text, _speaker(found), at)
    elif kind == "text" and text:
        failed = found.get("isApiErrorMessage") or found.get("is_api_error_message")
        yield TurnLine("system", text, at, ok=False) if failed else TurnLine(_agent(found), text, at)
    elif kind == "tool_use":
        yield TurnLine(_agent(found), describe(block.get("input")), at, tool=str(block.get("name")))
    elif kind == "tool_result":
        yield TurnLine("tool", _text(block.get("content")), at, ok=not block.get("is_error"))


def _agent(found: Mapping[str, Any]) -> str:
    return "sub-agent" if found.get("isSidechain") or found.get("parent_tool_use_id") else "agent"


def _speaker(found: Mapping[str, Any]) -> str:
    """Whose words a user line has: a sub-agent is told by the agent, and some are the program's own."""
    if _agent(found) == "sub-agent":
        return "agent"
    return "system" if any(found.get(mark) for mark in OWN_WORDS) else "person"


def _said(text: str, speaker: str, at: str | None) -> Iterator[TurnLine]:
    """What somebody said; of what is wrapped in tags the words."""
    wrapped = WRAPPED.match(text)
    if wrapped is None:
        yield TurnLine(speaker, text, at)
    elif wrapped[1] == "command-name":
        parts = dict(TAG.findall(text))
        words = f"{parts.get('command-name', '')} {parts.get('command-args', '')}"
        yield TurnLine(speaker, words.strip(), at)
    elif wrapped[1] == "task-notification":
        parts = dict(TAG.findall(text.replace("<task-notification>", "", 1)))
        words = "\n".join(parts[name] for name in ("summary", "result") if parts.get(name))
        yield TurnLine("system", words or "a background task has news", at)
    elif wrapped[1] != "local-command-caveat":
        yield TurnLine("system", "\n".join(words for _, words in TAG.findall(text)).strip(), at)


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(_part(part) for part in content or () if isinstance(part, Mapping))


def _part(part: Mapping[str, Any]) -> str:
    """Text, or in brackets what else it is."""
    return str(part["text"]) if isinstance(part.get("text"), str) else f"[{part.get('type')}]"
