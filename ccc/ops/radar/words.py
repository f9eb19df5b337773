"""What a session reads of a conflict: with whom, where, and what it may do."""

from __future__ import annotations

from collections.abc import Sequence

from ccc.domain.conflicts import Conflict, InFile, Ranges
from ccc.domain.sessions import Session

SHOWN_FILES, SHOWN_RANGES, TASK_LENGTH = 5, 5, 200


def appeared(conflict: Conflict, me: Session, other: Session | None) -> str:
    """Told to `me` when a conflict appears; `other` None: it is with the target."""
    name = conflict.target if other is None else other.name
    theirs = f"{name}, which your work is to land on" if other is None else _who(other)
    uncommitted = " Not all of that is committed yet." if conflict.uncommitted else ""
    lines = [f"Your work conflicts with {theirs}.{uncommitted}", *_where(conflict, conflict.b == me.id)]
    lines.append("Nothing is lost and nothing is stopped. `git ccc conflicts` shows how it stands now;")
    if other is None:
        lines.append(f"where it suits you, take up what {name} has: `git merge {name}`.")
    else:
        lines.append(f"agree with it who changes what: `git ccc send {name} TEXT`. It was told the same.")
    return "\n".join(lines)


def gone(conflict: Conflict, other: str) -> str:
    """Told to each side when it is over."""
    return f"Your work does not conflict with {other} any more (it was in {paths(conflict)})."


def _who(other: Session) -> str:
    task = " ".join(other.task.split())
    cut = f"{task[:TASK_LENGTH]}..." if len(task) > TASK_LENGTH else task
    return f'{other.name}, whose task is "{cut}"'


def _where(conflict: Conflict, is_b: bool) -> list[str]:
    shown = [f"- {_lines_of(file, is_b)}" for file in conflict.files[:SHOWN_FILES]]
    rest = len(conflict.files) - len(shown) + conflict.more
    return [*shown, f"- and {rest} more files"] if rest else shown


def _lines_of(file: InFile, is_b: bool) -> str:
    mine, theirs = (file.b, file.a) if is_b else (file.a, file.b)
    if not (mine or theirs):
        return file.path
    return f"{file.path}: your {ranges(mine)}, there {ranges(theirs)}"


def ranges(found: Ranges) -> str:
    """`line 3`, `lines 3-5, 9`."""
    parts = [str(first) if count <= 1 else f"{first}-{first + count - 1}" for first, count in found]
    more = ", ..." if len(parts) > SHOWN_RANGES else ""
    word = "line" if len(found) == 1 and found[0][1] <= 1 else "lines"
    return f"{word} {', '.join(parts[:SHOWN_RANGES])}{more}"


def paths(conflict: Conflict, most: int = 3) -> str:
    """The first paths, and how many more."""
    names: Sequence[str] = [file.path for file in conflict.files]
    rest = len(names) - most + conflict.more
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
