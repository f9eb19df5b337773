"""A request on a forge as people read it there: task, report, verification, conflicts, within a size."""

from __future__ import annotations

from collections.abc import Sequence

from ccc.domain.report import Report
from ccc.domain.status import describe
from ccc.ops.landing.making import approval_words
from ccc.ops.landing.review import Review
from ccc.templating import render_file

TEMPLATE = "request.md.j2"
TITLE = 120
TASK, REPORT = 8_000, 24_000
"""Characters; forges take 65,536 of a body (GitHub) and more."""

LINES, LINE = 50, 200


def title_of(shown: Review) -> str:
    """One line that says what it is for."""
    title = " ".join(shown.session.task.split())
    return title if len(title) <= TITLE else f"{title[: TITLE - 4]} ..."


def body_of(shown: Review, report: Report | None, notes: Sequence[str]) -> str:
    """The whole body; `notes` are conflicts and what else is worth knowing, one line each."""
    session, combined = shown.session, shown.combined
    text = render_file(
        TEMPLATE,
        name=session.name,
        id=session.id,
        task=_cut(session.task.strip(), TASK),
        report=_cut(report.body.strip() or report.summary, REPORT) if report else "",
        verification=_bounded(_verification(shown)),
        conflicts=_bounded(notes),
        head=combined.head,
        base=combined.base,
        tree=combined.tree,
        approved=approval_words(shown) or "nobody, as the target's configuration asks for none",
    )
    return text.strip() + "\n"


def _verification(shown: Review) -> list[str]:
    verification, gate = shown.session.verification, shown.gate
    lines = []
    if verification is not None and verification.commit == shown.combined.head and verification.commands:
        lines += [f"check `{describe(each)}`" for each in verification.commands]
    else:
        lines.append("no checks ran on this commit: the role has none here")
    if gate is None or gate.state == "none":
        lines.append("no gate is configured")
    else:
        lines += [f"gate `{describe(each)}`, on the tree combined with the target" for each in gate.commands]
    return lines


def _bounded(lines: Sequence[str]) -> list[str]:
    kept = [_cut(" ".join(line.split()), LINE) for line in lines[:LINES]]
    return [*kept, f"and {len(lines) - LINES} more"] if len(lines) > LINES else kept


def _cut(text: str, limit: int) -> str:
    return (
        text if len(text) <= limit else f"{text[:limit]}\n\n(cut here: {len(text) - limit} more characters)"
    )
