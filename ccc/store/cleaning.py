"""Drafts without secrets: every text in them, and the files they name, pass a filter at the store's door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from ccc.domain.canonical import Value
from ccc.domain.events import Delta, Draft, Event
from ccc.domain.secrets import Filter
from ccc.git.objects import BLOB, MissingObject, ObjectReader
from ccc.ids import blob_id
from ccc.store.celltree import is_file

_Fact = TypeVar("_Fact", Draft, Event)
Renamed = Mapping[str, str]
"""Id of a blob as it came to its id without secrets."""


def cleaned(drafts: Sequence[Draft], filter: Filter, objects: ObjectReader | None = None) -> list[Draft]:
    """The drafts as they may be recorded; one without a secret comes back as it is.

    Where a file's bytes change, its id changes wherever the draft names it. Files that a draft names and does
    not bring are looked at where `objects` can read them.
    """
    return [_cleaned(draft, filter, objects) for draft in drafts]


def _cleaned(draft: Draft, filter: Filter, objects: ObjectReader | None) -> Draft:
    named = _named(draft.changes)
    blobs, renamed = [], {}
    for blob in (*draft.blobs, *_not_brought(draft, named, objects)):
        clean = filter.clean_bytes(blob)
        if clean is not blob:
            for oid in named:
                if oid == blob_id(blob, like=oid):
                    renamed[oid] = blob_id(clean, like=oid)
            blobs.append(clean)
        elif blob in draft.blobs:
            blobs.append(blob)
    fact = without_secrets(draft, filter, renamed)
    return fact if fact is draft and not renamed else replace(fact, blobs=tuple(blobs))


def without_secrets(fact: _Fact, filter: Filter, renamed: Renamed) -> _Fact:
    """The same fact with clean texts and values, and with the new ids of its files."""
    text, subject = filter.clean(fact.text), filter.clean(fact.subject)
    changes = _changes(fact.changes, filter, renamed)
    data = _renamed(filter.clean_value(fact.data), renamed)
    if (text, subject, changes, data) == (fact.text, fact.subject, fact.changes, fact.data):
        return fact
    return replace(fact, text=text, subject=subject, changes=changes, data=data)


def _changes(changes: Delta, filter: Filter, renamed: Renamed) -> dict[str, dict[str, Value]]:
    return {
        stream: {name: _renamed(filter.clean_value(value, name), renamed) for name, value in fields.items()}
        for stream, fields in changes.items()
    }


def _renamed(value: Value, renamed: Renamed) -> Value:
    if not renamed:
        return value
    if isinstance(value, str):
        return renamed.get(value, value)
    if isinstance(value, Mapping):
        return {key: _renamed(item, renamed) for key, item in value.items()}
    return [_renamed(item, renamed) for item in value] if isinstance(value, list | tuple) else value


def _named(changes: Delta) -> list[str]:
    pairs = [pair for fields in changes.values() for pair in fields.items()]
    return [str(value) for field, value in pairs if is_file(field, value)]


def _not_brought(draft: Draft, named: Sequence[str], objects: ObjectReader | None) -> list[bytes]:
    """The stored files among those that the draft names; one that nobody has is refused elsewhere."""
    found: list[bytes] = []
    for oid in named if objects is not None else ():
        assert objects is not None
        if all(oid != blob_id(blob, like=oid) for blob in draft.blobs):
            try:
                kind, content = objects.read(oid)
            except MissingObject:
                continue
            found += [content] if kind == BLOB else []
    return found
