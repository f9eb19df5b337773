"""What only a command under the lock records, and a file in the journal never brings."""

from __future__ import annotations

from ccc.domain import landings, targets
from ccc.domain.events import Draft

SESSIONS = "sessions"
PROVEN = frozenset({"landed", "verification", "rejection"})
"""Fields of a session that checks, landings and people decide; neither hooks nor hosts ever write them."""


def require_undecided(draft: Draft) -> None:
    """Raises ValueError for an approval, a gate's answer, a landing and the like.

    Anybody can lay a file into the journal; hooks and hosts note what happened there, and decide nothing.
    Taking an approval back is let through: the fact that `refs/ccc` was changed does that.
    """
    for stream, fields in draft.changes.items():
        kind = stream.partition("/")[0]
        for field, value in fields.items():
            decided = kind == landings.KIND or (kind == SESSIONS and field in PROVEN)
            if (decided and value is not None) or kind == targets.KIND:
                raise ValueError(f"{draft.type} decides {kind} {field}, which no journal entry may")
