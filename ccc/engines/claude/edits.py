"""Claude Code's hook before a tool that changes a file: what it is told, and what it prints. No I/O."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

EVENT = "PreToolUse"
TOOLS = "Edit|MultiEdit|Write|NotebookEdit"
SECONDS = 10


def entry(script: Path, root: Path, python: str) -> dict[str, Any]:
    """The hook for a settings file; `root` is ccc's folder in the common directory."""
    words = shlex.join([str(script), str(root), python])
    command = f"[ ! -r {shlex.quote(str(script))} ] || sh {words} || exit 1"
    return {"matcher": TOOLS, "hooks": [{"type": "command", "command": command, "timeout": SECONDS}]}


def path_of(document: Mapping[str, Any]) -> Path:
    """The file that the tool is about to change. Raises ValueError for the input of another hook."""
    given = document.get("tool_input")
    named = given.get("file_path") or given.get("notebook_path") if isinstance(given, Mapping) else None
    folder = document.get("cwd")
    if document.get("hook_event_name") != EVENT or not isinstance(named, str) or not isinstance(folder, str):
        raise ValueError("not the input of a hook before a change of a file")
    return Path(folder) / named


def printed(words: Sequence[str], *, denies: bool) -> str:
    """What the hook prints: nothing, words for the agent beside the tool's result, or that it must not."""
    if not words:
        return ""
    text = "; ".join(words)
    if denies:
        decision = {"permissionDecision": "deny", "permissionDecisionReason": text}
    else:
        decision = {"additionalContext": text}
    return json.dumps({"hookSpecificOutput": {"hookEventName": EVENT, **decision}})
