"""Requests on a forge as recorded: what was opened for which head, what people and checks there say of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ccc.domain import landings, sessions
from ccc.domain.canonical import Value
from ccc.domain.cells import Cells, values
from ccc.domain.events import Draft
from ccc.domain.sessions import Request, Session
from ccc.ids import short_oid
from ccc.records import dataclass

FIELD = "forge"
"""The cell of `merges/<id>` that holds what was said there of the newest commit."""


@dataclass(frozen=True)
class Said:
    """One opinion or check: `by` who (`github:NAME`) or what, `state` what they say of `commit`."""

    by: str
    state: str
    commit: str


@dataclass(frozen=True)
class Standing:
    """What was said at a request, as of its head there."""

    head: str
    opinions: tuple[Said, ...]
    checks: tuple[Said, ...]


def standing_of(cells: Cells) -> Standing | None:
    """The recorded one of a session's way into its target."""
    value: Any = values(cells).get(FIELD)
    if not isinstance(value, Mapping):
        return None
    return Standing(value["head"], _said(value["opinions"]), _said(value["checks"]))


def _said(rows: Sequence[Sequence[str]]) -> tuple[Said, ...]:
    return tuple(Said(*row) for row in rows)


def request_value(request: Request) -> dict[str, Value]:
    """A request as recorded."""
    return {name: value for name, value in asdict(request).items() if name != "at"}


def opening(session: Session, request: Request) -> Draft:
    """The intention to open or update it, before anything is pushed."""
    words = f"asks for review of {session.name} at {short_oid(request.head)}"
    return _draft("merge.request-opening", session, words, request)


def opened(session: Session, request: Request, *, first: bool) -> Draft:
    """It is there, with this head."""
    verb = "opened" if first else "updated"
    words = f"{verb} {request.url} for {session.name} at {short_oid(request.head)}"
    return _draft("merge.request-opened", session, words, request, {"queued": None})


def changed(session: Session, request: Request, standing: Standing, news: str) -> Draft:
    """Somebody or something there said more of it."""
    record: dict[str, Value] = {
        "head": standing.head,
        "opinions": [[each.by, each.state, each.commit] for each in standing.opinions],
        "checks": [[each.by, each.state, each.commit] for each in standing.checks],
    }
    words = f"{session.name} at {request.url}: {news}"
    return _draft("merge.request-changed", session, words, request, {FIELD: record})


def ended(session: Session, request: Request) -> Draft:
    """It was closed there without being merged."""
    return _draft(
        "merge.request-closed", session, f"{session.name}: {request.url} was closed without merge", request
    )


def _draft(
    kind: str, session: Session, text: str, request: Request, more: Mapping[str, Value] | None = None
) -> Draft:
    changes: dict[str, Mapping[str, Value]] = {
        sessions.stream_of(session.id): {"request": request_value(request)}
    }
    if more:
        changes[landings.stream_of(session.id)] = more
    return Draft(kind, session.target, text, changes, session=session.id, by="ccc")
