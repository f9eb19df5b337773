"""What `wait` says when it ends."""

from __future__ import annotations

from ccc.domain.status import before_closing
from ccc.ops.wait import Waited
from ccc.text import printable


def waited_text(waited: Waited) -> str:
    """One line a session with its status and the evidence for it; what needs a person last."""
    watched = {*waited.done, *waited.failed, *waited.open}
    lines = []
    for sighting in waited.picture.sightings:
        if sighting.session.id not in watched:
            continue
        status = before_closing(sighting.session, sighting.view.status)
        why = sighting.view.evidence[0].what if sighting.view.evidence else ""
        lines.append(printable(f"{sighting.session.name}: {status} ({why})"))
    lines += [printable(f"needs you: {item.title}; {item.command}") for item in waited.needs_you]
    lines += [printable(f"{item.title}: {item.text}") for item in waited.messages]
    if waited.timed_out:
        lines.append("time limit reached")
    return "\n".join(lines)
