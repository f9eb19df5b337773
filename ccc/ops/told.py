"""What a `wait` before has told, so that nothing is told twice and nothing is missed."""

from __future__ import annotations

from collections.abc import Iterable

from ccc.domain.stamps import rfc3339
from ccc.domain.status import FAILED
from ccc.ops.look import Sighting
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.store import cursors
from ccc.store.cursors import Cursor


@dataclass(frozen=True)
class Told:
    """By a token: the `keys` of what was told. By a commit, an event or a time: all up to that `moment`.

    Without either nothing was told.
    """

    keys: frozenset[str] = frozenset()
    moment: str | None = None

    def has(self, key: str, since: str) -> bool:
        """Whether it was told; `since` is when it became true, RFC 3339 UTC."""
        return key in self.keys or (self.moment is not None and since <= self.moment)


def told_before(workspace: Workspace, cursor: str | None) -> Told:
    """What a cursor, commit, event id or time stands for. Raises NotFound, Ambiguous."""
    if cursor is None:
        return Told()
    kept = cursors.read(workspace.layout, cursor)
    if kept is not None:
        return Told(keys=kept.told)
    return Told(moment=rfc3339(workspace.reader.state(workspace.reader.commit_at(cursor)).clock))


def remember(workspace: Workspace, before: Told, keys: Iterable[str], tip: str | None) -> str | None:
    """A cursor for the next `--since`; the tip where nothing can be written."""
    try:
        return cursors.write(workspace.layout, Cursor(tip, before.keys.union(keys)))
    except OSError:
        return tip


def occasion(sighting: Sighting, status: str) -> str:
    """What tells this outcome of a session from its next one; the same after the session was closed.

    `status` is that of before the closing. Outcomes at a commit are told apart by when they were found out,
    ends of a run by its number.
    """
    session = sighting.session
    checked, landed = session.verification, session.landed
    if status in ("verified", "unchecked") and checked is not None:
        mark = checked.at
    elif status == "completed" and landed is not None:
        mark = landed.commit
    elif status in FAILED:
        mark = str(session.run.number if sighting.life is None else sighting.life.run)
    else:
        mark = sighting.view.since
    return f"{session.id} {status} {mark}"
