"""A file in conflict as part of a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ccc.ops.landing.review import Review, ShownConflict


def conflict_document(conflict: ShownConflict, shown: Review | None = None) -> dict[str, Any]:
    """A file in conflict; `others` is whose work it meets, and what that was meant to do.

    `words` say what both sides did to it, where the whole review is at hand.
    """
    from ccc.ops.resolving.kinds import words_of  # with git's ways to merge, only where something conflicts

    return {
        "path": conflict.file.path,
        "kind": conflict.file.kind,
        "message": conflict.file.message,
        "hunks": [
            {
                "ours": list(hunk.ours),
                "base": list(hunk.base),
                "theirs": list(hunk.theirs),
                "ours_start": hunk.ours_start,
                "theirs_start": hunk.theirs_start,
            }
            for hunk in conflict.hunks
        ],
        "words": None if shown is None else words_of(conflict.file, shown.combined),
        "others": [
            {"label": side.label, "task": side.task, "session": side.session} for side in conflict.others
        ],
    }
