"""What kind of conflict a file is in, in words that name both sides."""

from __future__ import annotations

import re

from ccc.git.mergetree import OURS, THEIRS, ConflictFile
from ccc.git.objects import SUBMODULE_MODE
from ccc.ids import short_oid
from ccc.ops.landing.combine import Combined

SAID = re.compile(r"^(?:warning|CONFLICT ?\([^)]*\)): *", re.IGNORECASE)
PLAIN = {
    "content": "both changed the same lines",
    "add/add": "both added it, each with its own content",
    "binary": "a binary file that both changed: one side must be taken whole, or made anew",
}


def words_of(file: ConflictFile, combined: Combined) -> str:
    """Which side did what; in git's own words for the kinds that nobody says better."""
    target, name = combined.target, combined.session.name
    if file.kind in PLAIN:
        return PLAIN[file.kind]
    if file.kind == "modify/delete":
        changed, deleted = (target, name) if OURS in file.stages else (name, target)
        return f"{changed} changed it, {deleted} deleted it"
    sides = [file.stages[side] for side in (OURS, THEIRS) if side in file.stages]
    if [mode for mode, _ in sides] == [SUBMODULE_MODE] * 2:
        ours, theirs = (short_oid(oid) for _, oid in sides)
        return f"a submodule that {target} moved to {ours} and {name} to {theirs}"
    return _by_git(file.message, combined)


def _by_git(message: str, combined: Combined) -> str:
    """git names the sides by the commits it was given."""
    parts = [SAID.sub("", part) for part in message.split("; ")]
    named = "; ".join(parts).replace(combined.base, combined.target)
    return named.replace(combined.head, combined.session.name)
