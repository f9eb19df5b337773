"""Facts of a hand-off as single lines of Markdown, untrusted text quoted."""

from __future__ import annotations

from collections.abc import Sequence

from ccc.domain.handoff import Changed, Facts, Uncommitted, Work
from ccc.domain.notes import Note
from ccc.domain.sessions import Command
from ccc.views import quoting

OID_DIGITS = 12
"""Digits of a commit: 7 may be ambiguous in the reader's clone."""

TASK, TEXT, NAME, COMMAND = 200, 600, 80, 160
"""Characters that are shown of a task, of other texts, of a person, of a command line."""

FILES_SHOWN = 12
COMMANDS_SHOWN = 6


def oid(commit: str) -> str:
    """The first digits of a commit as a code span."""
    return quoting.code(commit[:OID_DIGITS])


def status(work: Work) -> str:
    """A session's status; quoted where a foreign record says something else."""
    return quoting.name(work.view.status)


def changed(file: Changed) -> str:
    """`src/a.py` +10 -2"""
    if file.added is None or file.deleted is None:
        return f"{quoting.code(file.path)} (binary)"
    return f"{quoting.code(file.path)} +{file.added} -{file.deleted}"


def files(found: Sequence[Changed]) -> str:
    """How many files with how many lines, and the most changed ones."""
    if not found:
        return "no files changed"
    added, deleted = sum(file.added or 0 for file in found), sum(file.deleted or 0 for file in found)
    count = f"{len(found)} file{'s' if len(found) > 1 else ''}, +{added} -{deleted}"
    order = sorted(found, key=lambda file: (-(file.added or 0) - (file.deleted or 0), file.path))
    more = f", and {len(found) - FILES_SHOWN} more" if len(found) > FILES_SHOWN else ""
    return f"{count}: {', '.join(changed(file) for file in order[:FILES_SHOWN])}{more}"


def command(run: Command) -> str:
    """`pytest -q` exit 0"""
    ended = "timed out" if run.exit is None else f"exit {run.exit}"
    return f"{quoting.code(run.command, COMMAND)} {ended}"


def commands(run: Sequence[Command]) -> str:
    """The first commands with their exits."""
    more = f", and {len(run) - COMMANDS_SHOWN} more" if len(run) > COMMANDS_SHOWN else ""
    return ", ".join(command(each) for each in run[:COMMANDS_SHOWN]) + more


def uncommitted(found: Uncommitted | None) -> str:
    """What lay uncommitted when somebody last looked."""
    if found is None:
        return "uncommitted paths unknown, never recorded"
    if not found.count:
        return f"nothing uncommitted as of {quoting.moment(found.at)}"
    paths = found.paths[:FILES_SHOWN]
    more = f" and {found.count - len(paths)} more" if found.count > len(paths) else ""
    return f"uncommitted as of {quoting.moment(found.at)}: {', '.join(map(quoting.code, paths))}{more}"


def noted(note: Note, facts: Facts) -> str:
    """A note with its reason, whose it is and when."""
    reason = f", because {quoting.quoted(note.why, TEXT)}" if note.why else ""
    return f"- {quoting.quoted(note.text, TEXT)}{reason} ({whose(note, facts)}, {quoting.moment(note.at)})"


def whose(note: Note, facts: Facts) -> str:
    """The session a note belongs to, else the repository; and its author where that is another one."""
    owner = facts.name_of(note.session) or (note.session[:NAME] if note.session else None)
    shown = quoting.name(owner) if owner else "repository"
    if note.by is None or note.by == f"s:{note.session}":
        return shown
    return f"{shown}, by {author(note.by, facts)}"


def author(by: str, facts: Facts) -> str:
    """A session's name for `s:<id>`, else the person as quoted text."""
    name = facts.name_of(by.removeprefix("s:")) if by.startswith("s:") else None
    return quoting.name(name) if name else quoting.quoted(by, NAME)
