"""Whether this copy of the repository shares its state, with which remote, and how the last exchange went."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ccc.errors import Refused
from ccc.layout import Layout
from ccc.ops.workspace import Workspace
from ccc.platform.files import write_whole
from ccc.records import dataclass

ENABLED, LAST, MERGED = "sync.json", "synced.json", "sync.merged.json"
ASKED = "sync.auto.asked"
"""A file, there where the configuration asked for sharing in the background when last read, which is slow."""

EPOCH = 0
"""Histories begin at one genesis; later epochs are reserved (DESIGN §2)."""

THERE = "refs/ccc-sync/"
HERE = "refs/ccc-remotes/"
LEASES = "refs/ccc-lease/"
HOLDS = "refs/ccc-holds/"
"""What the remote's leases were when it was last asked, by remote."""

ITSELF = "."


@dataclass(frozen=True)
class Enabled:
    """A person's consent: with which remote, who gave it, when (RFC 3339 UTC)."""

    remote: str
    by: str
    at: str

    @property
    def here(self) -> str:
        """Where the remote's tips are kept in this repository."""
        return folder_of(self.remote)


@dataclass(frozen=True)
class Last:
    """The last attempt: when, whether it succeeded, in which words; and when one last did."""

    at: str
    ok: bool
    words: str
    succeeded_at: str | None


def folder_of(remote: str) -> str:
    """Where tips fetched from a remote are kept."""
    return f"{HERE}{'self' if remote == ITSELF else remote}/"


def own_name(replica: str) -> str:
    """The last part of the name under which a copy of the repository shares its tip."""
    return f"{replica}.{EPOCH}"


def read(layout: Layout) -> Enabled | None:
    """The consent, None where sharing is off."""
    found = _read(layout.root / ENABLED)
    return None if found is None else Enabled(**found)


def require(workspace: Workspace) -> Enabled:
    """The consent. Raises Refused where sharing is off."""
    found = read(workspace.require().layout)
    if found is None:
        raise Refused("sharing is off in this repository", "git ccc sync REMOTE --enable")
    return found


def write(layout: Layout, enabled: Enabled) -> None:
    """Turns sharing on."""
    _write(layout.root / ENABLED, asdict(enabled))


def forget(layout: Layout) -> None:
    """Turns sharing off."""
    for name in (ENABLED, LAST, MERGED, ASKED):
        (layout.root / name).unlink(missing_ok=True)


def last(layout: Layout) -> Last | None:
    """The last attempt, None before the first."""
    found = _read(layout.root / LAST)
    return None if found is None else Last(**found)


def note(layout: Layout, *, at: str, ok: bool, words: str) -> None:
    """Remembers how an exchange went."""
    before = last(layout)
    succeeded = at if ok else before.succeeded_at if before else None
    _write(layout.root / LAST, asdict(Last(at, ok, words, succeeded)))


def merged(layout: Layout) -> frozenset[str]:
    """The tips of others that were merged last."""
    return frozenset((_read(layout.root / MERGED) or {}).get("tips", ()))


def note_merged(layout: Layout, tips: Sequence[str]) -> None:
    """Remembers that these are merged."""
    if merged(layout) != set(tips):
        _write(layout.root / MERGED, {"tips": list(tips)})


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _write(path: Path, record: dict[str, Any]) -> None:
    write_whole(path, json.dumps(record))
