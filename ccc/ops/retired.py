"""Finding what is known of a retired session, and saying where the rest of it still is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from ccc.domain.retired import KIND, Retired, retired_in
from ccc.domain.sessions import Session
from ccc.errors import Ambiguous, NotFound
from ccc.ids import short
from ccc.ops.find import find
from ccc.store.protocol import State


def all_retired(state: State) -> list[Retired]:
    """Every session that was retired, in the order of that."""
    return retired_in(state.streams(KIND))


def find_retired(reference: str, state: State) -> Retired | None:
    """The retired session meant, the youngest of a name; None where none is. Raises Ambiguous."""
    found = [each for each in all_retired(state) if each.is_called(reference)]
    names = {each.name for each in found}
    if len(names) > 1 and reference not in names:
        which = ", ".join(f"{short(each.id)} {each.name}" for each in found)
        raise Ambiguous(f"{reference} fits {len(found)} retired sessions", f"use one of: {which}")
    return found[-1] if found else None


def find_or_say(reference: str, sessions: Sequence[Session], state: State) -> Session:
    """The session meant. Raises as `find`; for a retired one NotFound that says so, and where it still is."""
    try:
        return find(reference, sessions)
    except NotFound as error:
        gone = find_retired(reference, state)
        if gone is None:
            raise
        raise NotFound(said(gone), where(gone)) from error


def said(gone: Retired) -> str:
    """That it was retired, when and by whom."""
    by = f" by {gone.by}" if gone.by else ""
    return f"{gone.name} was retired {gone.at}{by}"


def where(gone: Retired) -> str:
    """The commands that show what it was."""
    before = datetime.fromisoformat(gone.at) - timedelta(milliseconds=1)
    moment = before.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    kept = f"; its work is kept under {gone.backup}" if gone.backup else ""
    name = short(gone.id)
    return f"git ccc log {name} tells its history, git ccc show {name} --at {moment} what it was{kept}"
