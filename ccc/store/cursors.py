"""Cursors of `wait`: small local files, each named by a token, that remember what was told already.

A cache: without its file a token is unknown, and whoever waits is told once more what is true now.
"""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path

from ccc.layout import Layout
from ccc.platform.files import write_whole
from ccc.records import dataclass

LIFETIME_SECONDS = 7 * 24 * 3600
_TOKEN = re.compile(r"[0-9a-f]{12}\Z")


@dataclass(frozen=True)
class Cursor:
    """What was told up to a moment: the tip of `refs/ccc` then, and a key for each thing told."""

    tip: str | None
    told: frozenset[str]


def write(layout: Layout, cursor: Cursor) -> str:
    """Keeps a cursor and gives its token; takes away those that nobody comes back for. Raises OSError."""
    folder = _folder(layout)
    folder.mkdir(parents=True, exist_ok=True)
    _forget_old(folder)
    token = os.urandom(6).hex()
    write_whole(folder / token, json.dumps({"tip": cursor.tip, "told": sorted(cursor.told)}))
    return token


def read(layout: Layout, token: str) -> Cursor | None:
    """The cursor of a token; None for any other text, and for one that is no more."""
    if not _TOKEN.match(token):
        return None
    try:
        found = json.loads((_folder(layout) / token).read_bytes())
        return Cursor(found["tip"], frozenset(found["told"]))
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return None


def _folder(layout: Layout) -> Path:
    return layout.root / "cursors"


def _forget_old(folder: Path) -> None:
    oldest = time.time() - LIFETIME_SECONDS
    for path in folder.iterdir():
        try:
            if path.stat().st_mtime < oldest:
                path.unlink()
        except FileNotFoundError:
            continue
