"""What was redacted, as lines and as a document."""

from __future__ import annotations

from typing import Any

from ccc.ops.redact import Erased, Redacted
from ccc.views.upkeep import document, with_remarks


def redacted_document(tip: str | None, done: Redacted) -> dict[str, Any]:
    """`redact`."""
    gone = done.redaction
    return document(
        tip,
        {
            "event": done.event.id,
            "type": done.event.type,
            "session": done.event.session,
            "redacted": {"by": gone.by, "at": gone.at, "why": gone.why},
            "remarks": list(done.remarks),
        },
    )


def redacted_text(done: Redacted) -> str:
    """The event, and where its words still are."""
    return with_remarks(f"redacted {done.event.id} ({done.event.type})", done.remarks)


def erased_document(erased: Erased) -> dict[str, Any]:
    """`redact --rewrite`."""
    gone, done = erased.redaction, erased.done
    return document(
        done.new,
        {
            "event": erased.event.id,
            "type": erased.event.type,
            "session": erased.event.session,
            "redacted": {"by": gone.by, "at": gone.at, "why": gone.why},
            "rewritten": {
                "old": done.old,
                "new": done.new,
                "commits": done.commits,
                "references": list(done.references),
                "bundles": done.bundles,
                "pruned": done.pruned,
                "packed": done.packed,
            },
            "remarks": list(erased.remarks),
        },
    )


def erased_text(erased: Erased) -> str:
    """The event, and what became of the history."""
    return with_remarks(f"{erased.event.id} ({erased.event.type}) is out of the history", erased.remarks)
