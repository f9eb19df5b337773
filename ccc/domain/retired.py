"""Retired sessions: what stays of them in the state, and the event that lets the rest leave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccc.domain import landings, sessions
from ccc.domain.canonical import Value
from ccc.domain.cells import REAPED, Cells, values
from ccc.domain.events import Draft
from ccc.domain.sessions import Session, SpentRow
from ccc.domain.spending import condensed, row_values, rows_of
from ccc.domain.stamps import rfc3339
from ccc.ids import LEAST_PREFIX
from ccc.records import dataclass

KIND = "retired"
RETIRED = "session.retired"


@dataclass(frozen=True)
class Retired:
    """A session that left the state; the diary has all of it. Times RFC 3339 UTC.

    `at` and `by` say when and who retired it; `backup` is the ref that keeps its work, `landed` the commit
    that brought it to its target, each None where there is none. `spent`: as in a session, without runs.
    """

    id: str
    name: str
    alias: str | None
    branch: str
    at: str
    by: str | None
    closed_at: str
    backup: str | None
    landed: str | None
    role: str = ""
    created_by: str | None = None
    spent: tuple[SpentRow, ...] = ()

    def is_called(self, reference: str) -> bool:
        """Whether people mean it by this: id, prefix of it, name, alias or branch."""
        wanted = reference.strip()
        if wanted in (self.id, self.name, self.branch, f"refs/heads/{self.branch}"):
            return True
        if self.alias is not None and wanted.lower() == self.alias:
            return True
        return len(wanted) >= LEAST_PREFIX and self.id.startswith(wanted.lower())


def stream_of(identifier: str) -> str:
    """The stream of what stays of a session."""
    return f"{KIND}/{identifier}"


def retired_in(streams: Mapping[str, Cells]) -> list[Retired]:
    """The retired sessions of these streams, oldest first."""
    found = (_from_cells(name.partition("/")[2], cells) for name, cells in streams.items())
    return sorted((each for each in found if each is not None), key=lambda each: (each.at, each.id))


def _from_cells(identifier: str, cells: Cells) -> Retired | None:
    record: Mapping[str, Any] = values(cells)
    if "name" not in record:
        return None
    return Retired(
        id=identifier,
        name=str(record["name"]),
        alias=record.get("alias"),
        branch=str(record.get("branch", "")),
        at=rfc3339(cells["name"][0]),
        by=record.get("by"),
        closed_at=str(record.get("closed_at", "")),
        backup=record.get("backup"),
        landed=record.get("commit"),
        role=str(record.get("role", "")),
        created_by=record.get("created_by"),
        spent=tuple(tuple(row) for row in record.get("spent", ())),
    )


def retired(session: Session, streams: Mapping[str, Cells], *, by: str, age: str) -> Draft:
    """The fact that a closed session leaves; `streams` are those that leave with it, as they stand.

    Each gets a retention floor at its youngest stamp. `age` says in words how long it has been closed.
    """
    closed, landed = session.closed, session.landed
    record: dict[str, Value] = {
        "name": session.name,
        "alias": session.alias,
        "branch": session.branch,
        "by": by,
        "closed_at": closed.at if closed else None,
        "backup": closed.backup if closed else None,
        "commit": landed.commit if landed else None,
        **_spending(session),
    }
    changes: dict[str, dict[str, Value]] = {
        name: {REAPED: max(stamp for stamp, _ in cells.values())} for name, cells in streams.items() if cells
    }
    changes[stream_of(session.id)] = {field: value for field, value in record.items() if value is not None}
    return Draft(RETIRED, session.name, f"retired, closed {age} ago", changes, session=session.id, by=by)


def _spending(session: Session) -> dict[str, Value]:
    """What the session used, by day and model, and for whom: sums go on counting it."""
    spent = row_values(condensed(rows_of(session.spent)))
    return {"spent": spent, "role": session.role, "created_by": session.created_by} if spent else {}


def own_streams(session: str) -> tuple[str, ...]:
    """The streams named by a session's id."""
    return (sessions.stream_of(session), landings.stream_of(session))
