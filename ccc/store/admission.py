"""Which drafts may be recorded, and the bytes of the blobs they name."""

from __future__ import annotations

from collections.abc import Sequence

from ccc.domain import stamps
from ccc.domain.events import Draft, check, encode, stamped
from ccc.git.objects import BLOB, MissingObject, ObjectReader, object_id
from ccc.store.celltree import is_file


def admit(draft: Draft, objects: ObjectReader) -> None:
    """Raises ValueError for a draft that cannot be recorded: wrong values or names, blobs that nobody has."""
    check(draft)
    encode(stamped(draft, stamps.GENESIS))
    blobs_of([draft], objects)


def blobs_of(drafts: Sequence[Draft], objects: ObjectReader) -> list[bytes]:
    """The bytes of every blob the drafts bring or name. Raises ValueError for one that nobody has."""
    blobs = [blob for draft in drafts for blob in draft.blobs]
    brought = {object_id(BLOB, blob, algorithm=objects.algorithm): blob for blob in blobs}
    for oid in _named(drafts):
        if oid not in brought:
            brought[oid] = _stored(oid, objects)
    return list(brought.values())


def _named(drafts: Sequence[Draft]) -> list[str]:
    fields = [pair for draft in drafts for stream in draft.changes.values() for pair in stream.items()]
    return [str(value) for field, value in fields if is_file(field, value)]


def _stored(oid: str, objects: ObjectReader) -> bytes:
    try:
        kind, content = objects.read(oid)
    except MissingObject as error:
        raise ValueError(f"blob {oid} is named, and neither stored nor brought along") from error
    if kind != BLOB:
        raise ValueError(f"{oid} is a {kind} where a blob belongs")
    return content
