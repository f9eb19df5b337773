"""The documents of `resolve`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ccc.domain.resolutions import Resolution
from ccc.git.memory import Proposal
from ccc.ops.resolving.listing import Row
from ccc.ops.resolving.matter import Matter
from ccc.views.conflicting import conflict_document
from ccc.views.documents import Document, document


def conflicts_document(tip: str | None, rows: Sequence[Row]) -> Document:
    """`resolve` without ID."""
    return document(tip, conflicts=[_row(row) for row in rows])


def _row(row: Row) -> dict[str, Any]:
    return {
        "session": row.session.id,
        "name": row.session.name,
        "target": row.session.target,
        "files": row.verdict.conflicts,
        "paths": list(row.verdict.named),
        "resolution": resolution_document(row.resolution),
        "resolver_status": row.resolver.view.status if row.resolver else None,
    }


def matter_document(tip: str | None, matter: Matter) -> Document:
    """`resolve ID`; the conflicts as in `review`."""
    combined = matter.shown.combined
    return document(
        tip,
        session=matter.session.id,
        name=matter.session.name,
        target=combined.target,
        base=combined.base,
        head=combined.head,
        conflicts=[conflict_document(each, matter.shown) for each in matter.shown.conflicts],
        remembered=[_proposal(each) for each in matter.remembered],
        resolution=resolution_document(matter.resolution),
    )


def _proposal(proposal: Proposal) -> dict[str, Any]:
    return {
        "path": proposal.path,
        "content": proposal.content.decode("utf-8", "replace"),
        "source": dict(proposal.source) or None,
    }


def resolution_document(found: Resolution | None) -> dict[str, Any] | None:
    """The latest try at a conflict; null where there was none."""
    if found is None:
        return None
    return {
        "how": found.how,
        "state": found.state,
        "base": found.base,
        "head": found.head,
        "by": found.by,
        "at": found.at,
        "resolver": found.resolver,
        "place": found.place,
        "commit": found.commit,
    }
