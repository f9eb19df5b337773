"""The settings file a session's `claude` gets: hooks that note what happens, outside the work tree."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from ccc.engines.claude import edits
from ccc.resources import resource_dir
from ccc.runs.files import RunFiles, write_json

EVENTS = ("Stop", "Notification", "PermissionRequest", "SessionEnd")
"""Hook events that prove what the stream tells; each costs the agent about 30 ms."""


def write(folder: Path) -> Path:
    """Writes the file into the run's folder; its path. Raises OSError."""
    files = RunFiles(folder)
    files.hooks.mkdir(parents=True, exist_ok=True)
    hook = resource_dir("hooks") / "ccc-engine-hook"
    path = folder / "settings.json"
    command = f"sh {shlex.quote(str(hook))} {shlex.quote(str(files.hooks))}"
    entry = [{"hooks": [{"type": "command", "command": command, "timeout": 10}]}]
    before = edits.entry(resource_dir("hooks") / "ccc-reserve-hook", folder.parents[2], sys.executable)
    write_json(path, {"hooks": {**dict.fromkeys(EVENTS, entry), edits.EVENT: [before]}})
    return path
