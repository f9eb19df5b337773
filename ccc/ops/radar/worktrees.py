"""Snapshots of worktrees that hold work not committed; their objects stay out of the repository."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from ccc.layout import Layout


def folder(layout: Layout) -> Path | None:
    """Where the radar keeps its files; None where nothing can be written there."""
    place = layout.root / "radar"
    try:
        place.mkdir(exist_ok=True)
    except OSError:
        return None
    return place


def objects(layout: Layout) -> tuple[Path, ...]:
    """The folder of objects that snapshots are in, where there is one."""
    place = layout.root / "radar" / "objects"
    return (place,) if place.is_dir() else ()


def snapshots(layout: Layout) -> Mapping[str, tuple[str, str]]:
    """Session's id to (tip of its branch, snapshot on top of it), as last taken."""
    try:
        found = json.loads((layout.root / "radar" / "snapshots").read_bytes())
    except (OSError, ValueError):
        return {}
    rows = found.get("worktrees", {}) if isinstance(found, dict) else {}
    return {each: (row["head"], row["commit"]) for each, row in rows.items() if row.get("commit")}
