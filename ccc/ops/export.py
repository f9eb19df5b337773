"""Export: every recorded event as it is, oldest first, with the files that it names."""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

from ccc.domain.canonical import canon
from ccc.domain.events import EVENT_TRAILER, Event, encode
from ccc.domain.redactions import KIND, Redaction, redactions_in, tombstoned
from ccc.domain.stamps import rfc3339
from ccc.git.objects import BLOB
from ccc.ids import blob_id
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.store.celltree import is_file
from ccc.store.history import History
from ccc.store.protocol import Logged

FORMAT = 1
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection)."""

COLUMNS = ("id", "at", "type", "subject", "session", "by", "text", "commit", "set", "data")


@dataclass(frozen=True)
class Exported:
    """An event: `line` its canonical JSON, `blobs` the bytes of every file it names, by id."""

    event: Event
    line: str
    commit: str
    blobs: Mapping[str, bytes]
    redaction: Redaction | None


def exported(
    workspace: Workspace, *, since: str | None = None, type: str | None = None
) -> Iterator[Exported]:
    """The recorded events, oldest first; those younger than a cursor, of a type or family of types.

    What waits in the journal is recorded first. Raises NotFound for an unknown cursor.
    """
    workspace.store.drain()
    reader = workspace.reader
    tip = reader.tip()
    after = reader.since(since) if since is not None else ""
    if tip is None:
        return
    redactions = redactions_in(reader.state(tip).streams(KIND))
    lines = _Lines(reader.history)
    found = [
        logged
        for logged in reader.history.events([tip], down_to=after)
        if logged.event.id > after and (type is None or f"{logged.event.type}.".startswith(f"{type}."))
    ]
    for logged in reversed(found):
        yield _exported(reader.history, lines, logged, redactions.get(logged.event.id))


class _Lines:
    """The events of commits exactly as they are written there; remembers the commit read last."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._commit = ""
        self._lines: dict[str, str] = {}

    def line(self, logged: Logged) -> str:
        """The line of one event, with what a newer ccc may have put there, too."""
        assert logged.commit is not None
        if logged.commit != self._commit:
            message = self._history.record(logged.commit).commit.message
            trailers = message.rstrip("\n").rpartition("\n\n")[2].split("\n")
            found = [line[len(EVENT_TRAILER) :] for line in trailers if line.startswith(EVENT_TRAILER)]
            self._lines = {json.loads(line)["id"]: line for line in found}
            self._commit = logged.commit
        return self._lines[logged.event.id]


def _exported(history: History, lines: _Lines, logged: Logged, redaction: Redaction | None) -> Exported:
    assert logged.commit is not None
    if redaction is not None:
        event = tombstoned(logged.event, redaction)
        blobs = {blob_id(redaction.file, like=oid): redaction.file for oid in files_of(event)}
        return Exported(event, encode(event), logged.commit, blobs, redaction)
    found = {oid: history.objects.read(oid) for oid in files_of(logged.event)}
    blobs = {oid: content for oid, (kind, content) in found.items() if kind == BLOB}
    return Exported(logged.event, lines.line(logged), logged.commit, blobs, None)


def files_of(event: Event) -> list[str]:
    """The ids of the files that an event names."""
    pairs = [pair for fields in event.changes.values() for pair in fields.items()]
    return sorted({str(value) for field, value in pairs if is_file(field, value)})


def jsonl(one: Exported, tip: str | None) -> str:
    """The event as one line of JSON Lines, without its newline; files that are no text in base64."""
    gone = one.redaction
    document: dict[str, Any] = {
        "format": FORMAT,
        "tip": tip,
        "commit": one.commit,
        "event": json.loads(one.line),
        "blobs": {oid: _as_json(content) for oid, content in one.blobs.items()},
        "redacted": None if gone is None else {"by": gone.by, "at": gone.at, "why": gone.why},
    }
    return canon(document)


def _as_json(content: bytes) -> dict[str, str]:
    try:
        return {"utf8": content.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode("ascii")}


def csv_lines(events: Iterator[Exported]) -> Iterator[str]:
    """The events as comma-separated values (RFC 4180) with a heading; no cell is a formula."""
    yield _row(COLUMNS)
    for one in events:
        event = one.event
        values = (event.id, rfc3339(event.id), event.type, event.subject, event.session, event.by, event.text)
        data = "" if event.data is None else canon(event.data)
        yield _row((*values, one.commit, canon(event.changes), data))


def _row(cells: tuple[str | None, ...]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow([_harmless(cell or "") for cell in cells])
    return buffer.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell
