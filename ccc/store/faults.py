"""What can be wrong with the recorded state."""

from __future__ import annotations

from ccc.records import dataclass

KINDS = (
    "missing-object",
    "tree-mismatch",
    "torn-journal",
    "unretired-wal",
    "stale-lock",
    "broken-ref",
    "rolled-back-ref",
    "duplicate-event",
    "clock-back",
    "future-stamp",
    "unknown-format",
    "foreign-commit",
)


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: `where` an id or path, `what` in words, `repair` the next step."""

    kind: str
    where: str
    what: str
    repair: str
