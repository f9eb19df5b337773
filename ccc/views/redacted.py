"""What was redacted, as lines and as a document."""

from __future__ import annotations

from typing import Any

from ccc.ops.redact import Redacted
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
