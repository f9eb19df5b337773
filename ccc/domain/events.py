"""Events: one recorded fact each, and the commit messages that carry them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from functools import lru_cache

from ccc.domain.canonical import Value, canon, checked
from ccc.domain.cells import INDEX, REAPED, Cell, Cells, join
from ccc.records import dataclass

EVENT_TRAILER = "Ccc-Event: "
CLOCK_TRAILER = "Ccc-Clock: "
SUBJECT_LENGTH = 200
JOINERS = "\u200c\u200d"
STREAM_LIMIT = 64 * 1024
"""Bytes that one event may set in a stream: bigger values belong into blobs (DESIGN §2)."""

Delta = Mapping[str, Mapping[str, Value]]
"""stream name to field to value, as an event sets them."""


@dataclass(frozen=True)
class Draft:
    """A fact before it has a stamp.

    `subject` is whom the diary line is about (a session's name, a branch, `ccc`) and `text` the rest of
    that line. `session` is the id of the session concerned, `by` who caused it (`s:<id>`, a git identity,
    `ccc`), `source` the journal entry it came from, `data` diary only. `blobs` are the bytes of every
    blob that `changes` names by object id: they travel with the draft until they are stored.
    """

    type: str
    subject: str
    text: str
    changes: Delta = field(default_factory=dict)
    session: str | None = None
    by: str | None = None
    data: Value = None
    source: str | None = None
    blobs: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Event:
    """A fact with its stamp, which is its id; never changes again, wherever it is copied."""

    id: str
    type: str
    subject: str
    text: str
    changes: Delta = field(default_factory=dict)
    session: str | None = None
    by: str | None = None
    data: Value = None
    source: str | None = None


_KEYS = {
    "id": "id",
    "type": "type",
    "sub": "subject",
    "text": "text",
    "set": "changes",
    "session": "session",
    "by": "by",
    "data": "data",
    "src": "source",
}


def stamped(draft: Draft, stamp: str) -> Event:
    """The draft as the event with this stamp."""
    return Event(
        id=stamp,
        type=one_line(draft.type),
        subject=one_line(draft.subject),
        text=one_line(draft.text),
        changes=draft.changes,
        session=one_line(draft.session) if draft.session else None,
        by=one_line(draft.by) if draft.by else None,
        data=draft.data,
        source=draft.source,
    )


def one_line(text: str) -> str:
    """Text fit for one diary line: white space folded, control characters and lone surrogates gone."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() or c in JOINERS else " " for c in text)
    return " ".join(text.split())


def encode(event: Event) -> str:
    """Canonical JSON of an event: one line. Raises ValueError for values that may not be recorded."""
    document = {key: getattr(event, name) for key, name in _KEYS.items()}
    line = canon(checked({key: value for key, value in document.items() if value not in (None, {})}))
    if len(line) > STREAM_LIMIT:
        _check_sizes(event.changes)
    return line


def _check_sizes(changes: Delta) -> None:
    for stream, fields in changes.items():
        size = len(canon(fields).encode())
        if size > STREAM_LIMIT:
            raise ValueError(f"{size} bytes for {stream}, more than {STREAM_LIMIT}: record a blob instead")


def decode(line: str) -> Event:
    """The event of a line written by `encode`, by this or a newer ccc. Raises ValueError."""
    document = json.loads(line)
    if not isinstance(document, dict) or not isinstance(document.get("id"), str):
        raise ValueError("an event without id")
    known = {name: document[key] for key, name in _KEYS.items() if key in document}
    return Event(**{"type": "unknown", "subject": "ccc", "text": "", **known})


def draft_line(draft: Draft) -> str:
    """A draft as one line of JSON for the journal, without its newline; blobs travel as text (latin-1)."""
    document = {
        key: getattr(draft, name)
        for key, name in _KEYS.items()
        if name != "id" and getattr(draft, name) not in (None, {})
    }
    if draft.blobs:
        document["blobs"] = [blob.decode("latin-1") for blob in draft.blobs]
    return canon(checked(document))


def parse_draft(line: str) -> Draft:
    """The draft of a journal line. Raises ValueError for anything else."""
    document = json.loads(line)
    if not isinstance(document, dict) or not isinstance(document.get("type"), str):
        raise ValueError("a journal entry without type")
    checked(document)
    known = {name: document[key] for key, name in _KEYS.items() if key in document and name != "id"}
    blobs = tuple(text.encode("latin-1") for text in document.get("blobs", []))
    draft = Draft(**{"subject": "ccc", "text": "", **known, "blobs": blobs})
    check(draft)
    return draft


def check(draft: Draft) -> None:
    """Raises ValueError for a draft with texts, streams or fields of a wrong shape (values: see `encode`)."""
    for text in (draft.type, draft.subject, draft.text):
        _check_text(text)
    for optional in (draft.session, draft.by, draft.source):
        if optional is not None:
            _check_text(optional)
    _check_shape(draft.changes)


def _check_text(value: object) -> None:
    if not isinstance(value, str):
        raise ValueError(f"{type(value).__name__} where a text belongs")


def _check_shape(changes: object) -> None:
    if not isinstance(changes, Mapping):
        raise ValueError("changes that are no streams")
    for stream, fields in changes.items():
        kind, slash, identifier = stream.partition("/") if isinstance(stream, str) else ("", "", "")
        if not slash or not _fit_for_tree(kind) or not _fit_for_tree(identifier):
            raise ValueError(f"not a stream: {stream!r}")
        if not isinstance(fields, Mapping) or "" in fields or INDEX in fields:
            raise ValueError(f"not the fields of a stream: {stream!r}")


def _fit_for_tree(name: str) -> bool:
    """Whether git takes it as one name in a tree (`.git` and its disguises on other systems are refused)."""
    if name.isascii() and name.replace("-", "").replace(":", "").isalnum():
        return True
    visible = "".join(character for character in name if character.isprintable()).lower()
    hidden = any(character < " " or character in "/\x7f" for character in name)
    return bool(visible) and not hidden and not visible.startswith((".", "git~"))


def from_source(draft: Draft, source: str) -> Draft:
    """The same draft, marked with the journal entry it came from."""
    return replace(draft, source=source)


def delta(events: Iterable[Event]) -> dict[str, dict[str, Cell]]:
    """What events set, as cells: stream to field to cell, joined."""
    streams: dict[str, dict[str, Cell]] = {}
    for event in events:
        for stream, fields in event.changes.items():
            cells: Cells = {name: _cell(event.id, name, value) for name, value in fields.items()}
            streams[stream] = join(streams.get(stream, {}), cells)
    return streams


def _cell(stamp: str, name: str, value: Value) -> Cell:
    """A retention floor is stamped with what its author had seen, everything else with its event."""
    if name == REAPED and isinstance(value, str):
        return value, 1
    return stamp, value


def message(events: Sequence[Event], clock: str, *, subject: str | None = None) -> str:
    """The commit message of one event or a batch: diary line, trailers for people, events, clock last."""
    title = subject or f"{events[0].subject}: {events[0].text}"
    lines = [title[:SUBJECT_LENGTH], ""]
    if len(events) == 1:
        lines += [f"Ccc-Session: {events[0].session}"] if events[0].session else []
        lines += [f"Ccc-Type: {events[0].type}"]
    elif events:
        lines += [f"{event.subject}: {event.text}"[:SUBJECT_LENGTH] for event in events] + [""]
    lines += [EVENT_TRAILER + encode(event) for event in events]
    return "\n".join([*lines, CLOCK_TRAILER + clock]) + "\n"


def events_in(text: str) -> list[Event]:
    """The events a commit message carries; none for a merge of histories. Raises ValueError.

    Only the last paragraph counts: a diary line may say anything.
    """
    return list(_events_in(text))


@lru_cache(maxsize=4)
def _events_in(text: str) -> tuple[Event, ...]:
    """Those of the last few messages are kept: each is asked three times while it is recorded."""
    trailers = text.rstrip("\n").rpartition("\n\n")[2].split("\n")
    return tuple(decode(line[len(EVENT_TRAILER) :]) for line in trailers if line.startswith(EVENT_TRAILER))


def clock_in(text: str) -> str | None:
    """The greatest stamp behind a commit, from its message; None for a commit that ccc did not make."""
    start = text.rfind("\n" + CLOCK_TRAILER)
    if start < 0:
        return None
    return text[start + 1 + len(CLOCK_TRAILER) :].split("\n", 1)[0]
