"""Requests to a host: one file each in the run's control folder, obeyed in the order they came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccc.runs.files import RunFiles, read_json

STOP, PAUSE, CARRY_ON, ANSWER = "stop", "pause", "carry-on", "answer"


def requests(files: RunFiles) -> list[tuple[str, Mapping[str, Any]]]:
    """What was asked for since the last look, as (kind, document); each is given once."""
    try:
        found = [path for path in files.control.iterdir() if path.suffix == ".json" and path.name[0] != "."]
    except (FileNotFoundError, NotADirectoryError):
        return []
    taken: list[tuple[str, Mapping[str, Any]]] = []
    for path in sorted(found, key=lambda path: path.stat().st_mtime_ns):
        document = read_json(path)
        path.unlink(missing_ok=True)
        if document is not None:
            taken.append((str(document.get("kind")), document))
    return taken
