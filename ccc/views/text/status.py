"""The table of sessions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ccc.ids import short
from ccc.ops.inbox import Item
from ccc.ops.look import Sighting
from ccc.text import cut, pad, printable
from ccc.views.documents import session_document
from ccc.views.styling import Styling, status_word
from ccc.views.text.ages import age

EXPLAINED = frozenset(
    {"waiting", "lost", "unknown", "unchecked", "blocked", "failed", "stopped", "limited", "paused"}
)
"""Statuses whose evidence stands in a line of its own."""

NAME_COLUMNS = 36


def status_text(shown: Sequence[Sighting], waiting: Sequence[Item], now: str, look: Styling) -> str:
    """One line a session, its evidence below it where somebody has to act, then what waits for a person."""
    if not shown:
        return 'no sessions; begin with: git ccc spawn ROLE "TASK" --no-start'
    widest = min(NAME_COLUMNS, max(len(sighting.session.name) for sighting in shown))
    lines = [_line(sighting, widest, now, look) for sighting in shown]
    counts = Counter(sighting.view.status for sighting in shown)
    summary = ", ".join(f"{number} {status}" for status, number in sorted(counts.items()))
    return "\n".join([*lines, "", summary, *_waiting(waiting, look)])


def _line(sighting: Sighting, columns: int, now: str, look: Styling) -> str:
    session, view = sighting.session, sighting.view
    name = pad(cut(printable(session.name), columns), columns)
    progress = f"{session.progress:3d}%" if session.progress is not None else "    "
    moved = _moved(sighting)
    start = f"{name}  {pad(printable(session.alias or short(session.id)), 9)} "
    middle = f" {progress}  {moved}  {age(view.since, now).rjust(4)}  "
    room = max(10, look.width - len(start) - 10 - len(middle))
    task = cut(printable(" ".join(session.task.split())), room)
    line = look.style(start, "branch") + status_word(view.status, look, 10) + middle + task
    line = line.rstrip()
    if not needs_words(sighting):
        return line
    why = "; ".join(evidence.what for evidence in view.evidence[:3])
    return f"{line}\n    {look.style(cut(printable(why), look.width - 4), 'faint')}"


def needs_words(sighting: Sighting) -> bool:
    """Whether the status alone would leave a person wondering."""
    strange = any(evidence.source == "worktree" for evidence in sighting.view.evidence)
    failed = any(
        evidence.what.startswith(("checks failed", "rejected")) for evidence in sighting.view.evidence
    )
    return sighting.view.status in EXPLAINED or strange or failed


def _moved(sighting: Sighting) -> str:
    if sighting.ahead is None:
        return " " * 7
    return pad(f"+{sighting.ahead} -{sighting.behind}", 7)


def _waiting(waiting: Sequence[Item], look: Styling) -> list[str]:
    if not waiting:
        return []
    lines = [look.style(f"{len(waiting)} waiting for you:", "attention")]
    return lines + [f"  {printable(item.title)}: {printable(item.command)}" for item in waiting]


def short_text(shown: Sequence[Sighting]) -> str:
    """`name status`, one line a session."""
    return "\n".join(f"{printable(sighting.session.name)} {sighting.view.status}" for sighting in shown)


def fields_text(shown: Sequence[Sighting], fields: Sequence[str]) -> str:
    """The named fields of `S`, tab-separated, one line a session; unknown values as `-`."""
    lines = []
    for sighting in shown:
        document = session_document(sighting)
        values = (document[name] for name in fields)
        lines.append("\t".join("-" if value is None else printable(str(value)) for value in values))
    return "\n".join(lines)
