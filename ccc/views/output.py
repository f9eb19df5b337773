"""The document of `output`."""

from __future__ import annotations

from typing import Any

from ccc.engines.transcripts import TurnLine
from ccc.ops.output import Output
from ccc.views.documents import Document, document


def output_document(page: Output) -> Document:
    """`output` of CONTRACT §4."""
    session, report = page.sighting.session, page.report
    artifacts: list[dict[str, str]] = [{"type": "file", "path": path} for path in page.files]
    artifacts += [{"type": "commit", "sha": sha} for sha in page.commits]
    return document(
        page.picture.state.tip,
        id=session.id,
        status=page.sighting.view.status,
        output={
            "logs": [str(path) for path in page.logs],
            "artifacts": artifacts,
            "summary": report.summary if report else None,
            "nextSteps": list(report.next_steps) if report else [],
        },
        turns=[turn_document(turn) for turn in page.turns],
        cursor=page.cursor,
        remarks=list(page.remarks),
    )


def turn_document(turn: TurnLine) -> dict[str, Any]:
    """One turn."""
    return {
        "n": turn.n,
        "at": turn.at,
        "role": turn.role,
        "text": turn.text,
        "tool": turn.tool,
        "ok": turn.ok,
    }
