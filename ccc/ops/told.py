"""What a `wait` before has told, so that nothing is told twice and nothing is missed."""

from __future__ import annotations

from collections.abc import Iterable

from ccc.domain.occasions import outcome_key
from ccc.domain.stamps import rfc3339
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
    """What tells this outcome of a session from its next one; `status` is that of before the closing."""
    return outcome_key(sighting.session, sighting.life, sighting.view, status)
