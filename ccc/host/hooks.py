"""What the engine's own hooks noted: one file each, looked at when something ends."""

from __future__ import annotations

from datetime import UTC, datetime

from ccc.runs.files import RunFiles, read_json


def proof(files: RunFiles, event: str) -> str:
    """`Stop hook 12:04:01` if such a hook ran since the last look, else nothing; what was read is removed."""
    latest = 0.0
    try:
        found = [path for path in files.hooks.iterdir() if path.suffix == ".json"]
    except (FileNotFoundError, NotADirectoryError):
        return ""
    for path in found:
        document = read_json(path)
        if document is not None and document.get("hook_event_name") == event:
            latest = max(latest, path.stat().st_mtime)
        path.unlink(missing_ok=True)
    return f"{event} hook {datetime.fromtimestamp(latest, UTC).strftime('%H:%M:%S')}" if latest else ""
