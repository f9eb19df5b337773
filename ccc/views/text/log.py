"""The diary as lines."""

from __future__ import annotations

from collections.abc import Sequence

from ccc.domain.stamps import rfc3339
from ccc.store.protocol import Logged
from ccc.text import printable
from ccc.views.styling import Styling


def log_text(events: Sequence[Logged], look: Styling, *, audit: bool = False) -> str:
    """One line an event: commit, time, whom it is about, what; with `audit` who caused it."""
    return "\n".join(_line(logged, look, audit=audit) for logged in events)


def _line(logged: Logged, look: Styling, *, audit: bool) -> str:
    event = logged.event
    commit = logged.commit[:7] if logged.commit else "pending"
    moment = rfc3339(event.id)[:19].replace("T", " ")
    text = printable(f"{event.subject}: {event.text}")
    who = f"  [{printable(event.by or 'ccc')}]" if audit else ""
    return f"{look.style(commit, 'id')} {look.style(moment, 'faint')} {text}{who}"
