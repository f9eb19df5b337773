"""Notes: what sessions and people want remembered, one stream each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccc.domain.canonical import Value
from ccc.domain.cells import Cells, values
from ccc.domain.events import Draft
from ccc.domain.stamps import rfc3339
from ccc.records import dataclass

KIND = "notes"
KINDS = ("decision", "discovery", "problem", "next", "note")
TEXT_LIMIT = 16_000
"""Bytes of a note's text: it travels in a commit message, and a stream stays under 64 KB (DESIGN §2)."""

_SAID = {
    "decision": "noted decision",
    "discovery": "noted discovery",
    "problem": "noted problem",
    "next": "noted next step",
    "note": "noted",
}


@dataclass(frozen=True)
class Note:
    """A note. `session` is the id of the session it belongs to, None for the repository's own.

    `why` is the reason of a decision, `by` its author (`s:<id>` or a git identity), `at` RFC 3339 UTC.
    """

    id: str
    kind: str
    text: str
    why: str | None
    session: str | None
    by: str | None
    at: str


def stream_of(identifier: str) -> str:
    """The stream of a note."""
    return f"{KIND}/{identifier}"


def from_cells(identifier: str, cells: Cells) -> Note | None:
    """The note of a stream; None where the stream holds no text."""
    present: Mapping[str, Any] = values(cells)
    text = present.get("text")
    if not isinstance(text, str):
        return None
    kind = str(present.get("kind", "note"))
    return Note(
        id=identifier,
        kind=kind if kind in KINDS else "note",
        text=text,
        why=_text(present.get("why")),
        session=_text(present.get("session")),
        by=_text(present.get("by")),
        at=rfc3339(cells["text"][0]),
    )


def notes_in(streams: Mapping[str, Cells]) -> list[Note]:
    """The notes of these streams, oldest first."""
    found = [from_cells(name.partition("/")[2], cells) for name, cells in streams.items()]
    return sorted((note for note in found if note is not None), key=lambda note: (note.at, note.id))


def noted(
    identifier: str,
    kind: str,
    text: str,
    *,
    why: str | None,
    session: str | None,
    by: str | None,
    subject: str,
) -> Draft:
    """The fact that something was noted; `subject` is the session's name, or `ccc` outside one."""
    record: dict[str, Value] = {"kind": kind, "text": text}
    optional = {"why": why, "session": session, "by": by}
    record.update({field: value for field, value in optional.items() if value is not None})
    return Draft(
        type="note.added",
        subject=subject,
        text=f"{_SAID[kind]} {text}",
        changes={stream_of(identifier): record},
        session=session,
        by=by,
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
