"""Redacted events: what takes the place of their words, and who said so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from ccc.domain.canonical import Value
from ccc.domain.cells import DATED, REAPED, Cells, values
from ccc.domain.events import Draft, Event
from ccc.domain.secrets import PLACES
from ccc.domain.sessions import QUESTION
from ccc.domain.stamps import rfc3339
from ccc.ids import blob_id
from ccc.records import dataclass

KIND = "redactions"
REDACTED = "event.redacted"
FIELD = "event"
WORDS = frozenset(
    {"text", "why", "task", "title", "summary", "choices", "command", "override", "topic", "said"}
)
"""Fields that hold what somebody wrote: always replaced, whatever it looks like."""

_FILE = r"[A-Za-z0-9_][A-Za-z0-9_.-]*\.md\Z"
_OID = r"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z"
_IDENTITY = (
    r"(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9]{8}T[0-9]{6}\.[0-9]{3}\+[0-9]{3}\.[0-9a-z]+"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}Z)\Z"
)


@dataclass(frozen=True)
class Redaction:
    """Whose words are gone (`event` is its id), by whom, when (RFC 3339 UTC), and why."""

    event: str
    by: str
    at: str
    why: str

    @property
    def tombstone(self) -> str:
        """What is shown instead."""
        return f"[redacted by {self.by} {self.at}: {self.why}]"

    @property
    def file(self) -> bytes:
        """The bytes of a file in the place of one that the event named."""
        return f"{self.tombstone}\n".encode()


def stream_of(event: str) -> str:
    """The stream of a redaction."""
    return f"{KIND}/{event}"


def redactions_in(streams: Mapping[str, Cells]) -> dict[str, Redaction]:
    """The redactions of these streams, by the id of the event."""
    found = {}
    for name, cells in streams.items():
        record = values(cells).get(FIELD)
        if isinstance(record, Mapping):
            event = name.partition("/")[2]
            by, at, why = (str(record.get(field) or "") for field in ("by", "at", "why"))
            found[event] = Redaction(event, by, at, why)
    return found


def tombstoned(event: Event, redaction: Redaction) -> Event:
    """The event without its words: who, when, what kind and which commits stay, and who took the rest."""
    return replace(
        event,
        text=redaction.tombstone,
        changes={
            stream: {name: tombstone_of(name, value, redaction) for name, value in fields.items()}
            for stream, fields in event.changes.items()
        },
        data=_value("", event.data, redaction),
    )


def redacted(event: Event, redaction: Redaction, present: Mapping[str, Cells]) -> Draft:
    """The fact that an event is redacted; overwrites those of its cells that still stand in `present`."""
    changes: dict[str, dict[str, Value]] = {}
    gone = tombstoned(event, redaction)
    for stream, fields in event.changes.items():
        for name, value in gone.changes[stream].items():
            stands = present.get(stream, {}).get(name, ("", None))[0] == event.id
            if stands and value != fields[name]:
                changes.setdefault(stream, {})[name] = _still_of(event, name, value)
    files = _files(changes.values())
    record: dict[str, Value] = {"by": redaction.by, "at": redaction.at, "why": redaction.why}
    changes.setdefault(stream_of(event.id), {})[FIELD] = record
    return Draft(
        REDACTED,
        event.subject,
        f"redacted {event.id}: {redaction.why}",
        changes,
        session=event.session,
        by=redaction.by,
        data={"event": event.id, "type": event.type},
        blobs=(redaction.file,) if files else (),
    )


def _still_of(event: Event, name: str, value: Value) -> Value:
    """A question, a report and what its checks came to stay as old as they are: each answers for what was
    said before it.
    """
    if not (name.startswith(QUESTION) or name in DATED) or not isinstance(value, Mapping):
        return value
    return {"at": rfc3339(event.id), **value}


def _files(streams: Iterable[Mapping[str, Value]]) -> bool:
    return any(_is_file(name, value) for fields in streams for name, value in fields.items())


def _is_file(name: str, value: Value) -> bool:
    return isinstance(value, str) and bool(re.match(_FILE, name)) and bool(re.match(_OID, value))


def tombstone_of(name: str, value: Value, redaction: Redaction) -> Value:
    """What a field of a stream holds in the place of this value; ids, places and numbers stay."""
    if name == REAPED:
        return value
    if isinstance(value, str) and _is_file(name, value):
        return blob_id(redaction.file, like=value)
    return _value(name, value, redaction)


def _value(name: str, value: Value, redaction: Redaction) -> Value:
    if isinstance(value, str):
        kept = name not in WORDS and (name in PLACES or re.match(_IDENTITY, value) or not value)
        return value if kept else redaction.tombstone
    if isinstance(value, Mapping):
        return {key: _value(key, item, redaction) for key, item in value.items()}
    return [_value(name, item, redaction) for item in value] if isinstance(value, list | tuple) else value
