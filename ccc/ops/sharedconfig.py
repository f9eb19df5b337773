"""The shared git configuration, looked at whenever its file is another: whose programs run is a decision."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from ccc.domain import sharedconfig, tampering
from ccc.domain.cells import values
from ccc.domain.events import Draft
from ccc.domain.sharedconfig import Settings
from ccc.git.command import Git
from ccc.layout import Layout
from ccc.platform.files import write_whole
from ccc.store.protocol import State

MEMO = "config.seen"
ATTRIBUTES = "info/attributes"
FILES = ("config", "config.worktree", ATTRIBUTES)


def facts(git: Git, layout: Layout, replica: str, state: State, *, keeps: bool) -> Iterator[Draft]:
    """The fact that settings by which programs run are others than when they were last looked at.

    The first look only remembers (`keeps`: readers write nothing). Costs a few system calls while the files
    are the same, by inode, size and time of change.
    """
    memo, stat = layout.root / MEMO, _stat(layout.common)
    known = _known(memo)
    if known is not None and known[0] == stat:
        return
    now = _read(git, layout.common)
    if known is not None and known[1] != now:
        recorded = values(state.stream(tampering.stream_of(replica))).get(sharedconfig.FIELD)
        last = recorded if isinstance(recorded, dict) else {}
        if last.get("print") != sharedconfig.print_of(now):
            yield sharedconfig.changed(replica, known[1], now, tampering.once_more(last))
            return
    if keeps:
        write_whole(memo, json.dumps([stat, now]))


def _stat(common: Path) -> str:
    parts = []
    for name in FILES:
        try:
            found = (common / name).stat()
        except OSError:
            parts.append("-")
        else:
            parts.append(f"{found.st_ino}.{found.st_size}.{found.st_ctime_ns}")
    return " ".join(parts)


def _known(memo: Path) -> tuple[str, Settings] | None:
    try:
        stat, settings = json.loads(memo.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return (stat, settings) if isinstance(stat, str) and isinstance(settings, dict) else None


def _read(git: Git, common: Path) -> Settings:
    pairs: list[tuple[str, str]] = []
    for name in ("config", "config.worktree"):
        if (common / name).exists():
            rows = git.run("config", "--file", str(common / name), "--list", "-z", ok=range(256)).out
            for row in rows.decode("utf-8", "replace").split("\0"):
                key, _, value = row.partition("\n")
                pairs.append((key, value))
    try:
        attributes = (common / ATTRIBUTES).read_bytes().decode("utf-8", "replace").strip()
    except OSError:
        attributes = ""
    found = sharedconfig.telling(pairs)
    return {**found, ATTRIBUTES: " ".join(attributes.split())} if attributes else found
