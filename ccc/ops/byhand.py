"""What lets messages reach a `claude` that a person runs in a session's worktree: hooks in its settings.

In worktrees that ccc made they are in `.claude/settings.local.json`, which git does not see; a worktree that
a person made is left alone, and `claude --settings FILE` does the same there.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ccc.domain.sessions import Session
from ccc.engines.claude import edits
from ccc.engines.claude.hookpoints import EVENTS, START, STOP
from ccc.git import history
from ccc.layout import Layout
from ccc.ops.workspace import Workspace
from ccc.platform.files import replace_file
from ccc.resources import resource_dir
from ccc.runs.files import SessionFiles, read_json

SETTINGS = ".claude/settings.local.json"
IGNORE = ".claude/.gitignore"
IGNORED = """\
# Written by git ccc: neither this file nor these settings are the repository's.
/.gitignore
/settings.local.json
"""
OURS = ("/ccc/claude-hook", "ccc-reserve-hook")
"""What the commands of our hooks name."""

SECONDS = 10
IDLE_SECONDS = 7 * 24 * 3600
"""How long a program without a turn is waited beside; its next stop begins anew."""


def settings_file(workspace: Workspace, session: Session) -> Path:
    """Writes the settings for `claude --settings FILE`, outside the worktree; the file. Raises OSError."""
    path = SessionFiles.of(workspace.layout, session.id).root / "claude.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, _text(_hooks(workspace.layout, session)))
    return path


def install(workspace: Workspace, session: Session) -> bool:
    """Puts the hooks into the settings of the session's worktree; whether they are there.

    Only where nobody else works: an agent of ccc's own would pay for them at each tool. Not where git would
    see them, and not into settings that are the repository's. Raises OSError.
    """
    if session.engine is not None:
        return False
    top = Path(session.worktree or "/nonexistent")
    path, ignore = top / SETTINGS, top / IGNORE
    if ignore.parent.is_symlink() or path.is_symlink() or (top / ".claude").is_file():
        return False
    present = read_json(path) if path.exists() else {}
    if present is None or not (top / ".git").exists():
        return False
    if path.exists() or ignore.exists():
        if not history.is_ignored(top, SETTINGS):
            return False
    else:
        ignore.parent.mkdir(exist_ok=True)
        replace_file(ignore, IGNORED)
    replace_file(path, _text(_with_hooks(present, _hooks(workspace.layout, session))))
    return True


def _text(hooks: Mapping[str, Any]) -> str:
    return json.dumps(hooks, indent=2) + "\n"


def _hooks(layout: Layout, session: Session) -> dict[str, Any]:
    """The hooks of a session, each a shell that ends with 0 or 1: the program blocks on 2.

    But for one in the background: its 2 wakes a program that waits for its person, and it means mail (7).
    """
    script = layout.root / "claude-hook"
    replace_file(script, script_text(layout), executable=True)
    quoted = shlex.quote(str(script))
    hooks = {}
    for event in EVENTS:
        command = f"[ ! -x {quoted} ] || {quoted} {session.id} {session.name} {event} || exit 1"
        hooks[event] = [{"hooks": [{"type": "command", "command": command, "timeout": SECONDS}]}]
    waits = f"[ ! -x {quoted} ] || {quoted} {session.id} {session.name} idle || [ $? != 7 ] || exit 2"
    waiter = {
        "type": "command",
        "command": waits,
        "async": True,
        "asyncRewake": True,
        "timeout": IDLE_SECONDS,
    }
    for event in (START, STOP):
        hooks[event].append({"hooks": [waiter]})
    before = resource_dir("hooks") / "ccc-reserve-hook"
    hooks[edits.EVENT] = [edits.entry(before, layout.root, sys.executable)]
    return {"hooks": hooks}


def script_text(layout: Layout) -> str:
    """What those hooks run: a shell that finds nothing to do, or ccc."""
    text = (resource_dir("hooks") / "ccc-claude-hook").read_text(encoding="utf-8")
    for name, value in (("@COMMON@", str(layout.common)), ("@PYTHON@", sys.executable)):
        text = text.replace(name, shlex.quote(value))
    return text


def _with_hooks(present: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, Any]:
    """The user's settings with ours beside their hooks; ours of an earlier time are replaced."""
    hooks = present.get("hooks")
    merged = {
        event: [entry for entry in entries if not any(mark in json.dumps(entry) for mark in OURS)]
        for event, entries in (hooks.items() if isinstance(hooks, dict) else ())
        if isinstance(entries, list)
    }
    for event, entries in ours["hooks"].items():
        merged[event] = [*merged.get(event, []), *entries]
    return {**present, "hooks": merged}
