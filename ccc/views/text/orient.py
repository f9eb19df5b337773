"""What `git ccc` alone says."""

from __future__ import annotations

from collections import Counter

from ccc.ops.orient import Orientation
from ccc.text import printable
from ccc.views.styling import Styling

LISTED = 5


def orient_text(found: Orientation, look: Styling) -> str:
    """Repository, sessions, what waits for a person, the next commands."""
    lines = [look.style(_place(found.repository, found.branch), "heading")]
    if found.here is not None:
        lines.append(f"  you stand in     {_place(found.here.path, found.here.branch)}")
    agents = printable(", ".join(found.agents)) or "none (sessions can be worked by hand)"
    lines.append(f"  agents on PATH   {agents}")
    if found.picture is None:
        lines.append("  ccc              not initialised here")
    else:
        lines.append(f"  targets          {printable(', '.join(found.targets)) or 'none yet'}")
        counts = Counter(sighting.view.status for sighting in found.picture.sightings)
        words = ", ".join(f"{number} {status}" for status, number in sorted(counts.items()))
        lines.append(f"  sessions         {words or 'none'}")
    if found.waiting:
        lines.append(look.style(f"  waiting for you  {len(found.waiting)}", "attention"))
        lines += [f"    {printable(item.title)}" for item in found.waiting[:LISTED]]
        if len(found.waiting) > LISTED:
            lines.append(f"    and {len(found.waiting) - LISTED} more: git ccc inbox")
    lines.append("next")
    return "\n".join([*lines, *(f"  {printable(command)}" for command in found.next)])


def _place(path: str, branch: str | None) -> str:
    return printable(f"{path} on {branch}" if branch else f"{path}, HEAD detached")
