"""The commits that a branch would bring to its target and what their trailers name, asked of git once."""

from __future__ import annotations

from collections.abc import Sequence

from ccc.domain.movements import SESSION
from ccc.git import history
from ccc.ops.workspace import Workspace
from ccc.records import dataclass

DEPENDS_ON = "Depends-On"
KEPT = 200
SEPARATOR = "\x1f"
FORMAT = (
    f"%H%x1f%(trailers:key={SESSION},valueonly,separator=%x20)"
    f"%x1f%(trailers:key={DEPENDS_ON},valueonly,separator=%x20)"
)


@dataclass(frozen=True)
class Behind:
    """A commit; the words of its trailers `Ccc-Session:` and `Depends-On:`."""

    oid: str
    sessions: tuple[str, ...]
    depends_on: tuple[str, ...]


def behind(workspace: Workspace, base: str, head: str, hidden: Sequence[str] = ()) -> tuple[Behind, ...]:
    """Those of `head` that neither `base` nor a `hidden` one has; all by full id. Raises GitFailed.

    Commits do not change, so what git has once said is kept as long as the workspace is.
    """
    key = (history.depth(workspace.repository.common), base, head, *hidden)
    known = workspace.behind.get(key)
    if known is None:
        if len(workspace.behind) >= KEPT:
            workspace.behind.clear()
        known = workspace.behind[key] = tuple(_asked(workspace, base, head, hidden))
    return known


def _asked(workspace: Workspace, base: str, head: str, hidden: Sequence[str]) -> list[Behind]:
    asked = ("log", "-z", "--no-show-signature", "--no-color", f"--format={FORMAT}")
    rows = workspace.git.lines(*asked, head, f"^{base}", *(f"^{each}" for each in hidden), "--")
    return [_parsed(row) for row in rows]


def _parsed(row: str) -> Behind:
    oid, sessions, depends_on = row.split(SEPARATOR, 2)
    return Behind(oid, tuple(sessions.split()), tuple(depends_on.replace(",", " ").split()))
