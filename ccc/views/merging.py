"""How landings went, as text and JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ccc.domain.mergefigures import Figures, quantile
from ccc.ops.metrics.merging import Merging
from ccc.text import printable
from ccc.views.documents import Document, document

MEDIAN, MOST = 0.5, 0.9


def merging_text(found: Merging) -> str:
    """One figure a line; shares only where there is something to share."""
    return "\n".join(map(printable, _lines(found.figures)))


def _lines(figures: Figures) -> Iterator[str]:
    handoffs = f"{figures.handoffs} reported done"
    conflicts = (
        f"{figures.in_conflict} in conflict with the target{_share(figures.in_conflict, figures.handoffs)}"
    )
    yield f"hand-offs  {handoffs}, {conflicts}, {figures.resolved} resolved"
    yield f"pairs      {figures.pairs} conflicts between sessions, told while they worked"
    yield f"landings   {figures.landings}{_times(figures)}"
    gates = figures.gates_passed + figures.gates_failed
    red = f", {figures.base_red} of them on a target that fails alone" if figures.base_red else ""
    failed = f"{figures.gates_failed} failed{_share(figures.gates_failed, gates)}"
    flaky = f", {figures.flaky} flaky" if figures.flaky else ""
    clashes = f"; {figures.clashes} pairs that fail together" if figures.clashes else ""
    yield f"gates      {gates} results, {failed}{red}{flaky}{clashes}"
    stale = f"{figures.stale} stale before they were used{_share(figures.stale, figures.approvals)}"
    yield f"approvals  {figures.approvals} given, {stale}, {figures.rejected} rejections"


def _share(part: int, whole: int) -> str:
    return f" ({100 * part / whole:.0f} %)" if whole else ""


def _times(figures: Figures) -> str:
    median, most = (quantile(figures.to_land, share) for share in (MEDIAN, MOST))
    if median is None or most is None:
        return ""
    return f"; from report to landing median {_time(median)}, 90 % within {_time(most)}"


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def merging_document(found: Merging) -> Document:
    """`metrics merging`."""
    figures = found.figures
    return document(
        found.tip,
        since=found.since,
        handoffs={
            "reported": figures.handoffs,
            "in_conflict": figures.in_conflict,
            "conflict_rate": _rate(figures.in_conflict, figures.handoffs),
            "resolved": figures.resolved,
        },
        pairs={"appeared": figures.pairs},
        landings={"count": figures.landings, "seconds": _seconds(figures)},
        gates={
            "passed": figures.gates_passed,
            "failed": figures.gates_failed,
            "base_red": figures.base_red,
            "flaky": figures.flaky,
            "clashes": figures.clashes,
            "failure_rate": _rate(figures.gates_failed, figures.gates_passed + figures.gates_failed),
        },
        approvals={
            "given": figures.approvals,
            "stale": figures.stale,
            "stale_rate": _rate(figures.stale, figures.approvals),
            "rejections": figures.rejected,
        },
    )


def _seconds(figures: Figures) -> dict[str, Any]:
    return {
        "count": len(figures.to_land),
        "median": quantile(figures.to_land, MEDIAN),
        "p90": quantile(figures.to_land, MOST),
    }


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
