"""The diary: events selected, youngest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ccc.domain.sessions import Session
from ccc.ops.find import find
from ccc.ops.observe import all_sessions
from ccc.ops.workspace import Workspace
from ccc.store.protocol import Logged

AUDITED = frozenset(
    {
        *("merge.approved", "merge.rejected", "merge.gate-failed", "merge.dropped", "session.landed"),
        *("session.landing-undone", "session.closed", "session.reopened", "session.spawned", "target.moved"),
        *(
            "state.tampered",
            "journal.bad",
            "meta.initialised",
            "session.branch-gone",
            "session.checks-failed",
        ),
    }
)
"""Decisions, refusals, overrides and everything that moved without ccc."""


@dataclass(frozen=True)
class Selection:
    """Which events: of one session, younger than a cursor, of a type (or its first part), audited ones."""

    reference: str | None = None
    limit: int | None = None
    since: str | None = None
    type: str | None = None
    audit: bool = False


def log(workspace: Workspace, selection: Selection) -> list[Logged]:
    """The events selected, youngest first. Raises NotFound for an unknown session or cursor."""
    workspace.require()
    session = None
    if selection.reference is not None:
        session = find(selection.reference, all_sessions(workspace.reader.state()))
    after = workspace.reader.since(selection.since) if selection.since is not None else None
    found: list[Logged] = []
    for logged in _from(workspace.reader.log(), after):
        if selection.limit is not None and len(found) >= selection.limit:
            break
        if _wanted(logged, selection, session):
            found.append(logged)
    return found


def _from(events: Iterator[Logged], after: str | None) -> Iterator[Logged]:
    for logged in events:
        if after is not None and logged.event.id <= after:
            return
        yield logged


def _wanted(logged: Logged, selection: Selection, session: Session | None) -> bool:
    event = logged.event
    if session is not None and event.session != session.id:
        return False
    if (
        selection.type is not None
        and event.type != selection.type
        and not event.type.startswith(f"{selection.type}.")
    ):
        return False
    return not selection.audit or event.type in AUDITED
