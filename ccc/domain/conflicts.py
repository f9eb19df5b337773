"""Conflicts between active sessions, and of sessions with their targets, as recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ccc.domain.canonical import Value
from ccc.domain.cells import Cells, values
from ccc.domain.events import Draft
from ccc.records import dataclass

KIND = "conflicts"
TARGET = "target:"
"""What the key of a target begins with; that of a session is its id."""

TEXT, GATE, STRUCTURE = "text", "gate", "structure"
MOST_FILES, MOST_RANGES = 20, 20
"""Files of a conflict that are recorded, and places in each; the rest is counted."""

Ranges = tuple[tuple[int, int], ...]
"""Lines: (first, how many)."""


@dataclass(frozen=True)
class InFile:
    """A path in conflict (C-quoted where it is not plain UTF-8), and the lines of each side that meet."""

    path: str
    a: Ranges = ()
    b: Ranges = ()


@dataclass(frozen=True)
class Unseen:
    """A worktree (session's id) that could not be looked into, and why; `is_there`: it may be later."""

    session: str
    why: str
    is_there: bool


@dataclass(frozen=True)
class Conflict:
    """Two sides that do not merge: `a` is a target's key or an older session's id, `b` a session's id.

    `more` counts files that are not listed. `told`: names of the sessions that were told. RFC 3339 UTC.
    """

    a: str
    b: str
    kind: str
    files: tuple[InFile, ...]
    uncommitted: bool
    since: str
    told: tuple[str, ...] = ()
    more: int = 0

    @property
    def pair(self) -> tuple[str, str]:
        return self.a, self.b

    @property
    def target(self) -> str | None:
        """The target that `a` is; None where it is a session."""
        return self.a.removeprefix(TARGET) if self.a.startswith(TARGET) else None

    def is_like(self, other: Conflict) -> bool:
        """Whether both say the same, but for lines, which change with every save."""
        mine = (self.kind, self.uncommitted, self.more, [file.path for file in self.files])
        return mine == (other.kind, other.uncommitted, other.more, [file.path for file in other.files])


def stream_of(session: str) -> str:
    """The stream of the conflicts whose `b` a session is."""
    return f"{KIND}/{session}"


def field_of(a: str, replica: str) -> str:
    """The field that holds what a replica sees of the conflict with `a`."""
    return f"{a}.{replica}"


def conflicts_in(streams: Mapping[str, Cells], replica: str | None = None) -> Iterator[Conflict]:
    """The conflicts that there are, as seen by one replica, or by any."""
    for name, cells in streams.items():
        for field, value in values(cells).items():
            a, _, seen_by = field.rpartition(".")
            if isinstance(value, Mapping) and replica in (None, seen_by):
                yield _conflict(a, name.partition("/")[2], value)


def _conflict(a: str, b: str, value: Mapping[str, Any]) -> Conflict:
    return Conflict(
        a=a,
        b=b,
        kind=str(value.get("kind", TEXT)),
        files=tuple(_file(row) for row in value.get("files", ())),
        uncommitted=bool(value.get("uncommitted")),
        since=str(value.get("since", "")),
        told=tuple(value.get("told", ())),
        more=int(value.get("more", 0)),
    )


def _file(row: Mapping[str, Any]) -> InFile:
    return InFile(str(row["path"]), _ranges(row.get("a", ())), _ranges(row.get("b", ())))


def _ranges(rows: Sequence[Sequence[int]]) -> Ranges:
    return tuple((int(first), int(count)) for first, count in rows)


def appeared(conflict: Conflict, subject: str, text: str, replica: str, *, changed: bool = False) -> Draft:
    """The fact that two sides conflict, or do so otherwise than before."""
    files: list[Value] = [
        {"path": file.path, "a": _rows(file.a), "b": _rows(file.b)} for file in conflict.files
    ]
    record: dict[str, Value] = {
        "kind": conflict.kind,
        "files": files,
        "uncommitted": int(conflict.uncommitted),
        "since": conflict.since,
        "told": list(conflict.told),
        "more": conflict.more,
    }
    return Draft(
        type="conflict.changed" if changed else "conflict.appeared",
        subject=subject,
        text=text,
        changes={stream_of(conflict.b): {field_of(conflict.a, replica): record}},
        session=conflict.b,
        by="ccc",
    )


def _rows(ranges: Ranges) -> list[Value]:
    return [[first, count] for first, count in ranges]


def gone(conflict: Conflict, subject: str, text: str, replica: str) -> Draft:
    """The fact that two sides do not conflict any more."""
    changes: dict[str, dict[str, Value]] = {stream_of(conflict.b): {field_of(conflict.a, replica): None}}
    return Draft("conflict.gone", subject, text, changes, session=conflict.b, by="ccc")
