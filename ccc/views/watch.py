"""Activities as lines and as documents."""

from __future__ import annotations

from ccc.ops.watch import Activity, as_one_line
from ccc.text import cut, display_width, pad, printable
from ccc.views.documents import Document, document
from ccc.views.styling import STATUS_STYLES, Tinting

NAME_COLUMNS = 24
TIME_COLUMNS = 9
WORDS_COLUMNS = 12
"""What happened needs so many, its blank too: `paused: its`; the name has what is left."""
LONGEST = 400
"""Characters of one activity that a line shows."""

STYLES = {"tool": "faint", "result": "faint", "note": "faint", "commit": "id", "message": "attention"}
LEADS = {"result": "= ", "said": "> ", "note": "! "}


def activity_document(tip: str | None, activity: Activity) -> Document:
    """One line of `watch --json`."""
    return document(
        tip,
        at=activity.at,
        session=activity.session,
        name=activity.name,
        kind=activity.kind,
        what=activity.what,
        role=activity.role,
        text=activity.text,
        ok=activity.ok,
    )


def activity_text(activity: Activity, look: Tinting, columns: int | None) -> str:
    """Time, name, what; in so many columns, None: as long as it is.

    Where there is no room for all, the time goes first, then the end of the name.
    """
    short = as_one_line(activity, LONGEST)
    time, name_columns = f"{short.at[11:19]} ", NAME_COLUMNS
    if columns is not None and columns < TIME_COLUMNS + NAME_COLUMNS + WORDS_COLUMNS:
        time, name_columns = "", min(NAME_COLUMNS, max(columns // 3, columns - WORDS_COLUMNS))
    name = pad(cut(printable(short.name), name_columns), name_columns)
    words = printable(_words(short))
    if columns is not None:
        words = cut(words, max(0, columns - len(time) - display_width(name) - 1))
    tinted = name if short.number is None else look.tint(name, short.number)
    return f"{time}{tinted} {_styled(short, words, look)}".rstrip()


def _words(activity: Activity) -> str:
    """What happened, in words."""
    if activity.kind == "tool":
        return f"{activity.what} {activity.text}".strip()
    failed = "failed: " if activity.ok is False else ""
    return f"{LEADS.get(activity.kind, '')}{failed}{activity.text}"


def _styled(activity: Activity, words: str, look: Tinting) -> str:
    status = (activity.what or "").partition(".")[2]
    if activity.ok is False:
        return look.style(words, "bad")
    if activity.kind == "status" and status in STATUS_STYLES:
        return look.style(words, STATUS_STYLES[status])
    return look.style(words, STYLES[activity.kind]) if activity.kind in STYLES else words
