"""What the radar saw in its last round, for whoever shows it here; can be deleted at any time."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ccc.domain.conflicts import Conflict, InFile, Unseen
from ccc.layout import Layout
from ccc.platform.files import write_whole
from ccc.records import dataclass

if TYPE_CHECKING:
    from ccc.ops.radar.matrix import Matrix

MOST_HOT = 50
"""Hot files that are kept, the hottest first."""


@dataclass(frozen=True)
class HotFile:
    """A path that several active sessions (names) touch."""

    path: str
    sessions: tuple[str, ...]


@dataclass(frozen=True)
class Present:
    """`checked_at` is when it was seen (None: never), of `positions`, with what the lookout had noted."""

    target: str | None = None
    checked_at: str | None = None
    positions: str = ""
    noted: int = 0
    conflicts: Sequence[Conflict] = ()
    hot: Sequence[HotFile] = ()
    unseen: Sequence[Unseen] = ()


def hot_files(seen: Matrix, least: int) -> list[HotFile]:
    """The files that at least so many sessions touch, those of most first."""
    names = {tip.key: tip.name for tip in seen.tips}
    touching: dict[str, list[str]] = {}
    for key, paths in seen.touched.items():
        for path in paths:
            touching.setdefault(path, []).append(names[key])
    found = [HotFile(path, tuple(who)) for path, who in touching.items() if len(who) >= least]
    return sorted(found, key=lambda each: (-len(each.sessions), each.path))[:MOST_HOT]


def write(layout: Layout, now: Present) -> None:
    """Keeps it for others; a full disk keeps none."""
    with contextlib.suppress(OSError):
        write_whole(layout.radar / "present", json.dumps(asdict(now)))


def read(layout: Layout) -> Present:
    """What was seen last; nothing where the radar never looked here."""
    try:
        found = json.loads((layout.radar / "present").read_bytes())
        rows = [_conflict(row) for row in found.pop("conflicts")]
        hot = [HotFile(row["path"], tuple(row["sessions"])) for row in found.pop("hot")]
        unseen = [Unseen(**row) for row in found.pop("unseen", ())]
        return Present(conflicts=rows, hot=hot, unseen=unseen, **found)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return Present()


def looked_at(layout: Layout) -> int:
    """What the lookout had noted when the radar last looked."""
    return read(layout).noted


def _conflict(row: dict[str, Any]) -> Conflict:
    files = tuple(InFile(file["path"], _ranges(file["a"]), _ranges(file["b"])) for file in row.pop("files"))
    return Conflict(files=files, told=tuple(row.pop("told")), **row)


def _ranges(rows: Sequence[Sequence[int]]) -> tuple[tuple[int, int], ...]:
    return tuple((first, count) for first, count in rows)
