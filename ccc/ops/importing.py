"""Import: exported events are recorded with the ids they have, each once, after everything is proven."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from ccc.domain import stamps
from ccc.domain.canonical import Value, canon
from ccc.domain.cells import REAPED
from ccc.domain.events import Draft, Event, check, decode, encode, stamped
from ccc.errors import Refused
from ccc.ids import blob_id, short_oid
from ccc.ops.actor import require_person_at_keyboard
from ccc.ops.export import files_of
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.store.cleaning import cleaned
from ccc.store.gitstore import GitStore
from ccc.store.history import HistoryWriter, messages
from ccc.store.protocol import META, State

IMPORTED = "state.imported"
AT_ONCE = 5000
OWN_FIELDS = ("format", "epoch.")
DECISIONS = frozenset({"merge.approved", "merge.rejected", "session.landed"})
HINT = "a file of git ccc export has one event a line"


@dataclass(frozen=True)
class Import:
    """How many events were in the file, how many of them were new here, and the tip afterwards."""

    events: int
    new: int
    tip: str | None


@dataclass(frozen=True)
class _Given:
    """An event of the file with its files, and the number of its line."""

    number: int
    event: Event
    blobs: tuple[bytes, ...]


def import_events(workspace: Workspace, lines: Iterable[str], source: str) -> Import:
    """Records the events of an export that are not recorded here; `source` is the file's name for people.

    All lines are proven before anything is recorded. Raises InsideAgent, Refused with the line's number.
    """
    person = require_person_at_keyboard(workspace, "importing", f"git ccc import {source}")
    store = workspace.store
    assert isinstance(store, GitStore)
    store.drain()
    given = _given(workspace, store.history, lines)
    tip = store.tip()
    known = store.history.having(tip, given.keys()) if tip is not None else set()
    fresh = [one for identifier, one in sorted(given.items()) if identifier not in known]
    if not fresh:
        return Import(len(given), 0, tip)
    _record(workspace, fresh, source, person)
    for start in range(0, len(fresh), AT_ONCE):
        store.absorb([_chain(store.history, fresh[start : start + AT_ONCE], person)])
    return Import(len(given), len(fresh), store.tip())


def _record(workspace: Workspace, fresh: Sequence[_Given], source: str, person: str) -> None:
    """The fact, before anything is there: no event comes in unsaid."""
    decisions = sum(one.event.type in DECISIONS for one in fresh)
    data: dict[str, Value] = {"count": len(fresh), "decisions": decisions, "source": source}
    data |= {"first": fresh[0].event.id, "last": fresh[-1].event.id}
    words = f"imported {len(fresh)} event{'' if len(fresh) == 1 else 's'} from {source} by {person}"

    def decide(_: State) -> Sequence[Draft]:
        return (Draft(IMPORTED, "ccc", words, by=person, data=data),)

    workspace.store.transact(decide)


def _chain(history: HistoryWriter, events: Sequence[_Given], person: str) -> str:
    """The events as a history of their own behind the common beginning; its tip, to be merged."""
    for one in events:
        for blob in one.blobs:
            history.objects.write("blob", blob)
    tip = history.genesis()
    for text in messages([one.event for one in events], stamps.GENESIS):
        tip = history.append(tip, text, person)
    return tip


def _given(workspace: Workspace, history: HistoryWriter, lines: Iterable[str]) -> dict[str, _Given]:
    """The events of the file by their ids, each proven and without secrets."""
    found: dict[str, _Given] = {}
    limit = stamps.make(stamps.now_ms() + stamps.FUTURE_LIMIT_MS, 0, "0")
    for number, line in enumerate(lines, 1):
        try:
            event, blobs = _read(line)
            _prove(event, limit)
            event, blobs = _without_secrets(workspace, event, blobs)
            _prove_files(history, event, blobs)
        except (ValueError, RecursionError) as error:
            raise Refused(f"line {number} cannot be imported: {error}", HINT) from error
        known = found.setdefault(event.id, _Given(number, event, blobs))
        if encode(known.event) != encode(event):
            raise Refused(f"line {number} says something else of {event.id} than line {known.number}", HINT)
    return found


def _read(line: str) -> tuple[Event, tuple[bytes, ...]]:
    document = json.loads(line)
    if (
        not isinstance(document, dict)
        or document.get("format") != 1
        or not isinstance(document.get("event"), dict)
    ):
        raise ValueError("not an exported event of format 1")
    text = canon(document["event"])
    event = decode(text)
    if encode(event) != text:
        raise ValueError("an event as this ccc does not write it; a newer one may have")
    blobs = document.get("blobs", {})
    if not isinstance(blobs, dict):
        raise ValueError("its files are not given by their ids")
    return event, tuple(_bytes(oid, value) for oid, value in blobs.items())


def _bytes(oid: str, value: Any) -> bytes:
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        raise ValueError(f"file {oid} is neither text nor base64")
    if "base64" in value:
        content = base64.b64decode(value["base64"], validate=True)
    else:
        content = str(value.get("utf8", "")).encode("utf-8")
    if blob_id(content, like=oid) != oid:
        raise ValueError(f"file {oid} has other bytes than its id says")
    return content


def _draft(event: Event) -> Draft:
    names = ("type", "subject", "text", "changes", "session", "by", "data", "source")
    return Draft(**{name: getattr(event, name) for name in names})


def _prove(event: Event, limit: str) -> None:
    """Raises ValueError for an event that no ccc wrote, that is of the future, or that hurts the history."""
    if not stamps.is_stamp(event.id) or event.id <= stamps.GENESIS:
        raise ValueError(f"{event.id!r} is no id of an event")
    draft = _draft(event)
    check(draft)
    if stamped(draft, event.id) != event:
        raise ValueError("its texts hold line breaks or control characters")
    moments = [event.id]
    for stream, fields in event.changes.items():
        if stream == META and any(name.startswith(OWN_FIELDS) for name in fields):
            raise ValueError("it would set the format of the history")
        if REAPED in fields:
            moments.append(str(fields[REAPED]))
    for moment in moments:
        if not stamps.is_stamp(moment):
            raise ValueError(f"{moment!r} is no stamp")
        if moment > limit:
            raise ValueError(f"it is stamped {stamps.rfc3339(moment)}, more than 24 h ahead of this clock")


def _without_secrets(
    workspace: Workspace, event: Event, blobs: tuple[bytes, ...]
) -> tuple[Event, tuple[bytes, ...]]:
    (clean,) = cleaned([replace(_draft(event), blobs=blobs)], workspace.filter)
    return stamped(clean, event.id), clean.blobs


def _prove_files(history: HistoryWriter, event: Event, blobs: tuple[bytes, ...]) -> None:
    digits = len(history.genesis())
    for oid in files_of(event):
        if len(oid) != digits:
            raise ValueError(f"file {short_oid(oid)} is named by a hash that this repository does not use")
        if all(blob_id(blob, like=oid) != oid for blob in blobs) and not history.objects.has(oid):
            raise ValueError(f"file {oid} is named, and neither in the line nor stored here")
