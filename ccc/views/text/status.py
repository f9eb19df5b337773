"""The table of sessions."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from ccc.domain.sessions import twins
from ccc.ids import short
from ccc.ops.look import Sighting
from ccc.records import dataclass
from ccc.text import cut, display_width, pad, printable
from ccc.views.styling import Styling, status_word
from ccc.views.text.ages import age

if TYPE_CHECKING:
    from ccc.domain.status import Evidence
    from ccc.ops.inbox import Item

EXPLAINED = frozenset(
    {
        *("waiting", "lost", "unknown", "unchecked", "blocked", "failed", "stopped", "limited", "paused"),
        "queued",
    }
)
"""Statuses whose evidence stands in a line of its own."""

NAME_COLUMNS, LEAST_NAME = 36, 12
TASK_COLUMNS, LEAST_TASK = 16, 4
"""Room the task gets before names are cut for it, and the room below which it is left out."""

STATUS_COLUMNS = 10

NOTHING: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True)
class Row:
    """One session's cells, printable, not padded."""

    sighting: Sighting
    name: str
    alias: str
    progress: str
    moved: str
    age: str
    task: str
    unread: int = 0

    @property
    def status(self) -> str:
        """The status word."""
        return self.sighting.view.status

    @property
    def why(self) -> str:
        """The messages that wait for it, and the evidence where that says more than the status."""
        known = _by_weight(self.sighting.view.evidence)[:3] if needs_words(self.sighting) else []
        words = [evidence.what for evidence in known]
        if self.unread:
            words.insert(0, f"{self.unread} unread message{'' if self.unread == 1 else 's'}")
        return printable("; ".join(words))


def _by_weight(evidence: Sequence[Evidence]) -> list[Evidence]:
    """What is unusual first, that a process lives last: the line is cut where the terminal ends."""

    def weight(each: Evidence) -> int:
        if each.source in ("worktree", "ref", "approval") or each.what.startswith("was denied"):
            return 0
        return 2 if each.source == "process" and " alive" in each.what else 1

    return sorted(evidence, key=weight)


@dataclass(frozen=True)
class Columns:
    """How wide the columns are that depend on what is shown; `width` of the whole line."""

    name: int
    alias: int
    moved: int
    width: int


def status_text(
    shown: Sequence[Sighting],
    waiting: Sequence[Item],
    now: str,
    look: Styling,
    *,
    hidden: int = 0,
    unread: Mapping[str, int] = NOTHING,
) -> str:
    """One line a session, its evidence below it where somebody has to act, then what waits for a person.

    `hidden` closed sessions are left out; `unread` is how many messages have not arrived, by session's id.
    """
    alike = {session.id for session in twins(sighting.session for sighting in shown)}
    rows = [_row(sighting, now, unread, alias=sighting.session.id not in alike) for sighting in shown]
    lines = [*_table(rows, look), ""] if rows else []
    return "\n".join([*lines, _summary(rows, hidden), *_unshared(shown), *_waiting(waiting, look)])


def none_text(others: int, *, since: bool) -> str:
    """That none of those asked for is there (`since`: has changed), and how many others are."""
    what = "nothing has changed since" if since else "none of the sessions is yours"
    return f"{what}; {others} in all: git ccc status --all"


def _unshared(shown: Sequence[Sighting]) -> list[str]:
    """What other machines cannot see yet."""
    count = sum(sighting.provisional is True for sighting in shown)
    return [f"{count} provisional, not all of it shared yet: git ccc sync"] if count else []


def _table(rows: Sequence[Row], look: Styling) -> Iterator[str]:
    columns = _columns(rows, look.width)
    for row in rows:
        yield from _lines(row, columns, look)


def _summary(rows: Sequence[Row], hidden: int) -> str:
    closed = f"{hidden} closed: git ccc status --all" if hidden else ""
    if not rows:
        begin = 'begin with: git ccc spawn ROLE "TASK"'
        return f"no open sessions ({closed}); {begin}" if closed else f"no sessions; {begin}"
    counts = Counter(row.status for row in rows)
    words = ", ".join(f"{number} {status}" for status, number in sorted(counts.items()))
    return f"{words} ({closed})" if closed else words


def _row(sighting: Sighting, now: str, unread: Mapping[str, int], *, alias: bool) -> Row:
    """Without `alias` the session's id stands there: another one has the same name, chosen offline."""
    session = sighting.session
    return Row(
        sighting,
        name=printable(session.name),
        alias=printable((session.alias if alias else None) or short(session.id)),
        progress=f"{session.progress:3d}%" if session.progress is not None else "",
        moved="" if sighting.ahead is None else f"+{sighting.ahead} -{sighting.behind}",
        age=age(sighting.view.since, now),
        task=printable(" ".join(session.task.split())),
        unread=unread.get(session.id, 0),
    )


def _columns(rows: Sequence[Row], width: int) -> Columns:
    """The widths that fit: names are cut when the task would have no room."""
    name = min(NAME_COLUMNS, max(display_width(row.name) for row in rows))
    alias = max(9, *(display_width(row.alias) for row in rows))
    moved = max(7, *(len(row.moved) for row in rows))
    task = min(TASK_COLUMNS, max(display_width(row.task) for row in rows))
    room = width - len(_rest(rows[0], moved)) - STATUS_COLUMNS - alias - len("  " + " ") - task
    return Columns(max(min(name, room), min(name, LEAST_NAME)), alias, moved, width)


def _rest(row: Row, moved: int) -> str:
    """What stands between status and task."""
    return f" {row.progress.ljust(4)}  {row.moved.ljust(moved)}  {row.age.rjust(4)}  "


def _lines(row: Row, columns: Columns, look: Styling) -> Iterator[str]:
    start = f"{pad(cut(row.name, columns.name), columns.name)}  {pad(row.alias, columns.alias)} "
    rest = _rest(row, columns.moved)
    room = columns.width - display_width(start) - STATUS_COLUMNS - len(rest)
    rest += cut(row.task, room) if room >= LEAST_TASK else ""
    rest = cut(rest.rstrip(), max(0, columns.width - display_width(start) - STATUS_COLUMNS))
    yield (look.style(start, "branch") + status_word(row.status, look, STATUS_COLUMNS) + rest).rstrip()
    if row.why:
        yield f"    {look.style(cut(row.why, columns.width - 4), 'faint')}"


def needs_words(sighting: Sighting) -> bool:
    """Whether the status alone would leave a person wondering."""
    strange = any(
        evidence.source in ("worktree", "ref", "approval")
        or evidence.what.startswith(("checks failed", "rejected"))
        for evidence in sighting.view.evidence
    )
    return sighting.view.status in EXPLAINED or strange


def _waiting(waiting: Sequence[Item], look: Styling) -> list[str]:
    """Commands are never cut: they are there to be copied."""
    if not waiting:
        return []
    lines = [look.style(f"{len(waiting)} waiting for you:", "attention")]
    return lines + [f"  {printable(item.title)}: {printable(item.command)}" for item in waiting]


def short_text(shown: Sequence[Sighting]) -> str:
    """`name status`, one line a session."""
    return "\n".join(f"{printable(sighting.session.name)} {sighting.view.status}" for sighting in shown)


def fields_text(
    shown: Sequence[Sighting],
    fields: Sequence[str],
    everyone: Sequence[Sighting] = (),
    unread: Mapping[str, int] = NOTHING,
) -> str:
    """The named fields of `S`, tab-separated, one line a session; unknown values as `-`.

    `everyone` are all sessions, `unread` as for `status_text`.
    """
    from ccc.views.documents import blocks, session_document

    blocked = blocks(everyone)
    documents = [session_document(sighting, blocked, unread) for sighting in shown]
    return "\n".join("\t".join(_value(document[name]) for name in fields) for document in documents)


def _value(value: object) -> str:
    """Text and numbers as they are, lists and records as JSON."""
    if value is None:
        return "-"
    if isinstance(value, list | dict):
        return printable(json.dumps(value, ensure_ascii=False))
    return printable(str(value))
