"""The order of landings that is proposed, as text and JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ccc.ops.landing.advice import Advice, Step
from ccc.text import printable
from ccc.views.documents import Document, document, merge_document


def advice_text(advice: Advice) -> str:
    """Two lines a landing, in order: what stands against it, and why it is there; then what that saves."""
    return "\n".join(map(printable, _lines(advice)))


def _lines(advice: Advice) -> Iterator[str]:
    for number, step in enumerate(advice.steps, 1):
        entry = step.review
        against = "; ".join(entry.why_not) or "ready"
        yield f"{number}. {step.session.name} -> {entry.combined.target}: {entry.state} ({against})"
        for reason in step.reasons:
            if reason not in entry.why_not:
                yield f"   {reason}"
        if step.paths:
            yield f"   git ccc resolve {step.session.name}"
        elif step.fails:
            yield f"   git ccc review {step.session.name}"
    if advice.conflicts or advice.queue_conflicts:
        yield f"{_count(advice.conflicts)} in this order, {advice.queue_conflicts} in that of the queue"


def _count(conflicts: int) -> str:
    return f"{conflicts} landing{'' if conflicts == 1 else 's'} in conflict"


def advice_document(tip: str | None, advice: Advice) -> Document:
    """`merge --plan`: as `merge`, with `order`, and how many meet a conflict in it and in the queue's."""
    entries = [step.review for step in advice.steps]
    return document(
        tip,
        **{name: value for name, value in merge_document(tip, (), entries).items() if name in PARTS},
        order=[_step(step) for step in advice.steps],
        conflicts=advice.conflicts,
        queue_conflicts=advice.queue_conflicts,
    )


PARTS = ("landed", "entries")


def _step(step: Step) -> dict[str, Any]:
    return {
        "session": step.session.id,
        "name": step.session.name,
        "target": step.review.combined.target,
        "lands": step.lands,
        "paths": list(step.paths),
        "needs": [each.id for each in step.needs],
        "conflicts_with": [
            {
                "session": each.session.id,
                "name": each.session.name,
                "paths": list(each.paths),
                "why": each.why or None,
            }
            for each in step.against
        ],
        "reasons": list(step.reasons),
    }
