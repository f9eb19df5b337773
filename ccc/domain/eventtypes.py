"""The types of the events that this ccc records, for whoever asks the diary for one."""

from __future__ import annotations

TYPES: dict[str, tuple[str, ...]] = {
    "checkpoint": ("made",),
    "conflict": ("appeared", "changed", "gone"),
    "decision": ("refused",),
    "event": ("redacted", "erased"),
    "handoff": ("written",),
    "inbox": ("acknowledged",),
    "journal": ("bad",),
    "merge": (
        *(
            "approved",
            "blamed",
            "clashed",
            "dropped",
            "gate-failed",
            "gate-passed",
            "handed-back",
            "queued",
            "rejected",
            "request-changed",
            "request-closed",
            "request-opened",
            "request-opening",
        ),
        *("resolution-dropped", "resolved", "resolver-spawned", "resolving"),
    ),
    "message": ("acknowledged", "bounced", "delivered", "sent"),
    "meta": ("initialised",),
    "note": ("added",),
    "notice": ("failed",),
    "reservation": ("made", "released"),
    "session": (
        *("adopted", "advanced", "amended", "answered", "asked", "begun", "blocked", "branch-gone"),
        *("checks-failed", "closed", "committed", "compacted", "denied", "failed", "forwarded", "garbled"),
        *(
            "idle",
            "landed",
            "landing-undone",
            "limit",
            "limit-raised",
            "limited",
            "log-lost",
            "lost",
            "moved",
            "moved-outside",
        ),
        *("not-started", "not-woken", "parent-told", "paused", "prepared", "progressed", "question"),
        *(
            "queued",
            "reopened",
            "report",
            "reported",
            "reset",
            "resolution-used",
            "restarted",
            "rested",
            "resumed",
            "retired",
        ),
        *("rewritten", "running", "spawned", "spent", "stacked", "started", "stopped", "troubled"),
        *("unchecked", "verified", "waiting"),
    ),
    "settings": ("changed",),
    "state": ("imported", "repaired", "tampered"),
    "target": ("gate-failed", "gate-passed", "moved"),
    "worktrees": ("seen",),
}
"""By family: the first part of a type, before the point."""


def is_known(kind: str) -> bool:
    """Whether this ccc records events of a type, or of a family of them."""
    family, point, rest = kind.partition(".")
    return family in TYPES and (not point or rest in TYPES[family])


def every() -> list[str]:
    """All families and types."""
    return [*TYPES, *(f"{family}.{rest}" for family, kinds in TYPES.items() for rest in kinds)]
