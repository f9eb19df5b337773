"""What `git ccc` alone says."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ccc.ops.orient import Orientation
from ccc.text import printable
from ccc.views.documents import document, item_document
from ccc.views.styling import Styling


def orient_text(found: Orientation, look: Styling) -> str:
    """Repository, sessions, what waits for a person, the next commands."""
    where = f"{found.repository} on {found.branch}" if found.branch else f"{found.repository}, HEAD detached"
    lines = [look.style(printable(where), "heading")]
    lines.append(f"  agents on PATH   {', '.join(found.agents) or 'none (sessions can be worked by hand)'}")
    if found.picture is None:
        lines.append("  ccc              not initialised here")
    else:
        counts = Counter(sighting.view.status for sighting in found.picture.sightings)
        words = ", ".join(f"{number} {status}" for status, number in sorted(counts.items()))
        lines.append(f"  sessions         {words or 'none'}")
    if found.waiting:
        lines.append(look.style(f"  waiting for you  {len(found.waiting)}", "attention"))
        lines += [f"    {printable(item.title)}" for item in found.waiting[:5]]
    lines.append("next")
    return "\n".join([*lines, *(f"  {printable(command)}" for command in found.next)])


def orient_document(found: Orientation) -> dict[str, Any]:
    """The same as JSON."""
    counts = Counter(sighting.view.status for sighting in found.picture.sightings) if found.picture else {}
    return document(
        found.picture.state.tip if found.picture else None,
        repository=found.repository,
        branch=found.branch,
        initialised=found.initialised,
        agents=list(found.agents),
        counts=dict(sorted(counts.items())),
        waiting_for_you=[item_document(item) for item in found.waiting],
        next=list(found.next),
    )
