"""Bundles kept before destructive commands, as a source of objects that are gone."""

from __future__ import annotations

from pathlib import Path

from ccc.git.command import Git
from ccc.layout import Layout

SUFFIX = ".bundle"


def folder_of(layout: Layout) -> Path:
    """Where bundles are kept, named `<time>-<command>.bundle`, so that names sort by age."""
    return layout.root / "bundles"


def kept(layout: Layout) -> list[Path]:
    """The bundles, oldest first."""
    try:
        found = [path for path in folder_of(layout).iterdir() if path.suffix == SUFFIX]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(path for path in found if not path.name.startswith("."))


def unpack(layout: Layout, git: Git) -> int:
    """Stores the objects of every bundle that fits on what is here, oldest first; of how many."""
    done = (git.run("bundle", "unbundle", str(path), ok=range(256)) for path in kept(layout))
    return sum(1 for each in done if each.code == 0)
