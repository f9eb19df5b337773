"""JSON of `git ccc queue`: its entries, and those that cannot be read."""

from __future__ import annotations

from collections.abc import Sequence

from ccc.ops.landing.overview import LeftOut, Queued, Unqueued
from ccc.views.documents import Document, document, entry_document


def queue_document(
    tip: str | None,
    entries: Sequence[Queued],
    others: Sequence[LeftOut] = (),
    unqueued: Sequence[Unqueued] = (),
) -> Document:
    """`queue`; `left_out` are entries of which only the reason can be told why they are not read.

    `unqueued` are sessions whose gates run, or are to be run, while they are not in the queue.
    """
    rest = [
        {
            "session": each.session.id,
            "target": each.session.target,
            "why": each.error.message,
            "hint": each.error.hint,
        }
        for each in others
    ]
    tested = [
        {"session": each.session.id, "target": each.session.target, "state": each.state, "why": each.words}
        for each in unqueued
    ]
    return document(tip, entries=[_queued(each) for each in entries], left_out=rest, unqueued=tested)


def _queued(each: Queued) -> Document:
    found, standing = entry_document(each.shown), each.standing
    more = {
        "ahead": list(standing.ahead),
        "waits_for": list(standing.waits_for),
        "fails_with": standing.clashes_with or found["entry"]["fails_with"],
        "why": each.words,
        "window": each.window,
        "eta": each.eta,
    }
    return {**found, "entry": {**found["entry"], **more}}
