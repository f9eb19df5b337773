"""What one check of `doctor` found."""

from __future__ import annotations

from ccc.records import dataclass


@dataclass(frozen=True)
class Finding:
    """One line of `doctor`: `what` in words; `next` the command or step that helps, or None."""

    name: str
    ok: bool
    what: str
    next: str | None = None


FIX = "git ccc doctor --fix"
