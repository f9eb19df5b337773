"""The landing about to happen on this machine: written, synced to disk, before the target moves.

A landing killed halfway is recognised by it and brought to its end by the next command.
"""

from __future__ import annotations

import json
from dataclasses import asdict

from ccc.domain.landings import Intent
from ccc.layout import Layout
from ccc.platform.files import write_whole

NAME = "landing.json"
LAND_LOCK = "land.lock"
"""Whoever lands or undoes holds it, one at a time."""


def write(layout: Layout, intent: Intent, *, durable: bool = True) -> None:
    """Records the intention; `durable`: it survives a power cut. Raises OSError."""
    write_whole(layout.root / NAME, json.dumps(asdict(intent)), durable=durable)


def read(layout: Layout) -> Intent | None:
    """The intention on record, None where nothing is being landed."""
    try:
        record = json.loads((layout.root / NAME).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return Intent(**{**record, "tops": tuple(record["tops"])})


def forget(layout: Layout) -> None:
    """The landing is complete, or will not happen."""
    (layout.root / NAME).unlink(missing_ok=True)
