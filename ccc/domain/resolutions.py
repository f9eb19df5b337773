"""Resolving a conflict of a session with its target, as recorded: who is at it, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccc.domain.canonical import Value
from ccc.domain.cells import Cells
from ccc.domain.events import Draft
from ccc.domain.landings import stream_of
from ccc.domain.sessions import Session
from ccc.domain.stamps import rfc3339
from ccc.ids import short_oid
from ccc.records import dataclass

FIELD = "resolution"
HAND_BACK, SESSION, HERE = "hand-back", "session", "here"
OPEN, RESOLVED, DROPPED = "open", "resolved", "dropped"


@dataclass(frozen=True)
class Resolution:
    """The latest try at a conflict of `head` with the target's tip `base`.

    `how` is HAND_BACK, SESSION or HERE, `resolver` the id of the session that resolves for it, `place` where
    a person does, `commit` what came of it once the state is RESOLVED.
    """

    how: str
    state: str
    base: str
    head: str
    by: str
    at: str
    files: int = 0
    resolver: str | None = None
    place: str | None = None
    commit: str | None = None

    @property
    def is_open(self) -> bool:
        return self.state == OPEN

    def is_of(self, base: str, head: str) -> bool:
        """Whether it is about the conflict of exactly these two."""
        return (self.base, self.head) == (base, head)

    def record(self, **changes: Value) -> dict[str, Value]:
        """The cell of it, with changes; what is None is left out."""
        whole: dict[str, Value] = {
            "how": self.how,
            "state": self.state,
            "base": self.base,
            "head": self.head,
            "by": self.by,
            "files": self.files,
            "resolver": self.resolver,
            "place": self.place,
            "commit": self.commit,
            **changes,
        }
        return {name: value for name, value in whole.items() if value is not None}


def from_cells(cells: Cells) -> Resolution | None:
    """The latest resolution of a `merges/<session>` stream."""
    stamp, value = cells.get(FIELD, ("", None))
    if not isinstance(value, Mapping):
        return None
    record: Mapping[str, Any] = value
    return Resolution(
        how=str(record.get("how", "")),
        state=str(record.get("state", OPEN)),
        base=str(record.get("base", "")),
        head=str(record.get("head", "")),
        by=str(record.get("by", "")),
        at=rfc3339(stamp),
        files=int(record.get("files", 0)),
        resolver=record.get("resolver"),
        place=record.get("place"),
        commit=record.get("commit"),
    )


def begun(session: Session, resolution: Resolution, words: str) -> Draft:
    """The fact that somebody is at a conflict of a session, in words."""
    return _fact(session, f"merge.{_BEGUN[resolution.how]}", words, resolution.record(), resolution.by)


_BEGUN = {HAND_BACK: "handed-back", SESSION: "resolver-spawned", HERE: "resolving"}


def resolved(session: Session, resolution: Resolution, commit: str, who: str) -> Draft:
    """The fact that a conflict is resolved by a commit on the session's branch."""
    words = f"conflict of {session.name} resolved as {short_oid(commit)} by {who}"
    change = resolution.record(state=RESOLVED, commit=commit)
    return _fact(session, "merge.resolved", words, change, resolution.by)


def dropped(session: Session, resolution: Resolution, why: str, by: str) -> Draft:
    """The fact that a try at a conflict was given up."""
    words = f"resolution for {session.name} dropped: {why}"
    return _fact(session, "merge.resolution-dropped", words, resolution.record(state=DROPPED), by)


def _fact(session: Session, kind: str, words: str, record: dict[str, Value], by: str) -> Draft:
    changes: dict[str, dict[str, Value]] = {stream_of(session.id): {FIELD: record}}
    return Draft(kind, session.target, words, changes, session=session.id, by=by)
