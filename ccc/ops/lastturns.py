"""The last turns of a conversation without reading all of it again: how far it was counted is kept."""

from __future__ import annotations

from collections.abc import Sequence

from ccc.domain.sessions import Session
from ccc.engines.reading import Cursor, Group, holds, latest, read
from ccc.engines.transcripts import TurnLine
from ccc.errors import Usage
from ccc.ops.workspace import Workspace
from ccc.store.cache import Cache

WORTH_KEEPING = 4_000_000
"""Bytes of a conversation from which on a second count would be felt: about 0.1 s."""


def last_turns(
    workspace: Workspace, session: Session, groups: Sequence[Group], count: int
) -> tuple[list[TurnLine], Cursor]:
    """The last `count` turns with their numbers, and the cursor at the end. Raises OSError."""
    cache, kind = Cache(workspace.layout.cache), f"conversation-{session.id}"
    known = _known(cache, kind, groups)
    fresh, cursor = read(groups, known or Cursor())
    if known is not None and len(fresh) < count:
        before = latest(groups, count - len(fresh), known)
        if before is None:
            fresh, cursor = read(groups, Cursor())
        else:
            first = known.count - len(before) + 1
            fresh = [*(turn.numbered(number) for number, turn in enumerate(before, first)), *fresh]
    if cursor != known and sum(mark.offset for mark in cursor.marks.values()) >= WORTH_KEEPING:
        cache.put(kind, _signature(groups), {"cursor": str(cursor)})
    return fresh[max(0, len(fresh) - count) :], cursor


def _known(cache: Cache, kind: str, groups: Sequence[Group]) -> Cursor | None:
    """Where a reader of before had got to, if all that it had read is still there."""
    found = cache.get(kind, _signature(groups))
    try:
        cursor = None if found is None else Cursor.parse(str(found.get("cursor")))
    except Usage:
        return None
    return cursor if cursor is not None and holds(groups, cursor) else None


def _signature(groups: Sequence[Group]) -> str:
    """Which files make up the conversation: one more, or one less, and the count begins anew."""
    return "; ".join(",".join(source.name for source in group) for group in groups)
