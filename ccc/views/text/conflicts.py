"""A file in conflict as a person reads it: whose work meets, both tasks, base and both sides."""

from __future__ import annotations

from collections.abc import Iterator

from ccc.git.mergetree import Hunk
from ccc.ops.landing.review import Review, ShownConflict, Side
from ccc.ops.resolving.kinds import words_of
from ccc.text import printable
from ccc.views.styling import Styling

HUNK_LINES = 20


def conflict_lines(shown: Review, conflict: ShownConflict, look: Styling) -> Iterator[str]:
    """The file, what both sides did to it, their tasks, and each place with base, ours and theirs."""
    file = conflict.file
    yield look.style(printable(f"  conflict   {file.path or 'somewhere'} ({file.kind})"), "bad")
    yield f"    {printable(words_of(file, shown.combined))}"
    session = shown.session
    yield _intent("theirs", Side(session.name, session.task, session.name))
    for side in conflict.others:
        yield _intent("ours", side)
    for hunk in conflict.hunks:
        yield from _hunk(shown, hunk, look)


def _intent(label: str, side: Side) -> str:
    about = f": {' '.join(side.task.split())}" if side.task else ""
    brief = f" (git ccc show {side.session} --brief)" if side.session else ""
    return f"    {f'{label}:'.ljust(7)} {printable(side.label + about + brief)}"


def _hunk(shown: Review, hunk: Hunk, look: Styling) -> Iterator[str]:
    target, name = shown.combined.target, shown.session.name
    places = f"{target} line {hunk.ours_start}, {name} line {hunk.theirs_start}"
    yield look.style(f"    @@ {printable(places)}", "faint")
    yield from _side("base", hunk.base, "|", "faint", look)
    yield from _side(f"ours, {target}", hunk.ours, "<", "removed", look)
    yield from _side(f"theirs, {name}", hunk.theirs, ">", "added", look)


def _side(label: str, lines: tuple[str, ...], mark: str, style: str, look: Styling) -> Iterator[str]:
    count = f"{len(lines)} line{'' if len(lines) == 1 else 's'}" if lines else "nothing"
    yield look.style(f"    {mark}{mark} {printable(label)}: {count}", "faint")
    for line in lines[:HUNK_LINES]:
        yield look.style(f"    {mark} {printable(line)}", style)
    if len(lines) > HUNK_LINES:
        yield f"    {mark} and {len(lines) - HUNK_LINES} more lines"
