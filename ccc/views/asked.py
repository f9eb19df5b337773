"""What became of a queue entry, here or on a forge, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ccc.ops.landing.review import Review


def request_document(shown: Review) -> dict[str, Any] | None:
    """Where it is reviewed on a forge, and what was said there; stale where that was of another commit."""
    request, standing = shown.session.request, shown.standing
    if request is None:
        return None
    now = standing is not None and request.head == shown.combined.head
    opinions = standing.opinions if standing else ()
    checks = standing.checks if standing else ()
    return {
        "url": request.url,
        "number": request.number,
        "state": request.state,
        "head": request.head,
        "commit": request.commit,
        "opinions": [
            {
                "by": each.by,
                "state": each.state,
                "commit": each.commit,
                "stale": not now or each.commit != request.commit,
            }
            for each in opinions
        ],
        "checks": [{"name": each.by, "state": each.state, "commit": each.commit} for each in checks],
    }


def landed_document(shown: Review) -> dict[str, Any] | None:
    """The landing that a whole entry is about then: not what landing today's tips would do."""
    landed = shown.session.landed
    if landed is None or shown.state != "landed":
        return None
    return {"commit": landed.commit, "at": landed.at, "method": landed.method, "how": landed.how or None}
