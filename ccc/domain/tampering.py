"""The facts that `refs/ccc`, or a session's branch, was moved by somebody else, as they are recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from ccc.domain import landings
from ccc.domain.canonical import Value
from ccc.domain.cells import Cells, values
from ccc.domain.events import Draft, Event
from ccc.domain.sessions import Session
from ccc.ids import short_oid

KIND = "tampering"
TYPE = "state.tampered"
REF = "refs/ccc"
DELETED, UNREADABLE, BACK, REPLACED, FOREIGN = (
    "deleted",
    "unreadable",
    "moved back",
    "replaced",
    "foreign commits",
)
BRANCH = "branch"
WORDS: Mapping[str, str] = {
    DELETED: f"{REF} was deleted",
    UNREADABLE: f"{REF} was overwritten and could not be read",
    BACK: f"{REF} was moved back",
    REPLACED: f"{REF} was replaced",
    FOREIGN: f"{REF} got commits that ccc here did not make",
}
"""What happened, in words that stand before `to X`."""


def stream_of(replica: str) -> str:
    """The stream of what happened to the ref of one copy of the repository."""
    return f"{KIND}/{replica}"


class Move(Protocol):
    """A move of the ref back to all that ccc recorded (`store.protocol.Restored`)."""

    @property
    def old(self) -> str | None: ...
    @property
    def new(self) -> str: ...
    @property
    def what(self) -> str: ...
    @property
    def events(self) -> int: ...
    @property
    def kept(self) -> str | None: ...


def tampered(move: Move, replica: str, put: str, damaged: str | None, strange: Iterable[Event]) -> Draft:
    """The fact, with approvals that came in that way taken back: only a person's own command gives them.

    `put` is where ccc had put the ref, `damaged` what stood in the place of an object id, `strange` are the
    events that came in that way and stay.
    """
    came, found = list(strange), damaged or move.old
    record: dict[str, Value] = {
        "what": move.what,
        "old": put,
        "found": found,
        "new": move.new,
        "events": move.events,
        "strange": len(came),
        "kept": move.kept,
    }
    changes: dict[str, dict[str, Value]] = {
        stream_of(replica): {f"{put[:12]}.{'none' if move.old is None else move.old[:12]}": record}
    }
    for stream, field in _approvals(came):
        changes.setdefault(stream, {})[field] = None
    where = "" if move.old is None else f" to {short_oid(move.old)}"
    text = f"{WORDS[move.what]}{where}; it is at {short_oid(move.new)}, with all that was recorded here"
    return Draft(TYPE, "ccc", text, changes, by="ccc", data=record)


def once_more(last: object) -> int:
    """How often something has happened now, by what was recorded of it: each time is a thing of its own."""
    times = last.get("times") if isinstance(last, Mapping) else 0
    return times + 1 if isinstance(times, int) else 1


def branch_moved(
    session: Session, replica: str, new: str, recorded: Cells, *, by: str | None = None
) -> Draft:
    """The fact that a session's branch was moved, and not by git in the session's own worktree.

    `by`: in it, but by the agent of the session of this name.
    """
    field = f"{BRANCH}.{session.id[:8]}.{new[:12]}"
    record: dict[str, Value] = {"what": BRANCH, "branch": session.branch, "old": session.head, "new": new}
    record["times"] = once_more(values(recorded).get(field))
    old, now = short_oid(session.head), short_oid(new)
    text = f"{session.branch} went from {old} to {now}, not by its own worktree"
    if by is not None:
        record["by"] = by
        text = f"{session.branch} got {now} by the agent of {by}"
    changes = {stream_of(replica): {field: record}}
    return Draft("session.moved-outside", session.name, text, changes, session=session.id, data=record)


def _approvals(events: Iterable[Event]) -> list[tuple[str, str]]:
    """(stream, field) of every approval given in these events."""
    return [
        (stream, field)
        for event in events
        for stream, fields in event.changes.items()
        if stream.startswith(f"{landings.KIND}/")
        for field, value in fields.items()
        if field.startswith(landings.APPROVAL) and value is not None
    ]
