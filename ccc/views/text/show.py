"""One session, whole, as text."""

from __future__ import annotations

from collections.abc import Iterator

from ccc.domain.status import describe
from ccc.git.history import FileChange
from ccc.ids import short, short_oid
from ccc.ops.commands import last_words
from ccc.ops.show import Shown
from ccc.text import printable, printable_lines
from ccc.views.questions import questions_text
from ccc.views.styling import Styling, status_word

LISTED = 20
EXCERPT = 4
MOST_PATHS = 3


def show_text(shown: Shown, look: Styling) -> str:
    """Status with its evidence, task, branch, report, checks, commits, files, notes."""
    return "\n".join(_lines(shown, look))


def _lines(shown: Shown, look: Styling) -> Iterator[str]:
    session, view = shown.sighting.session, shown.sighting.view
    title = (
        look.style(printable(session.name), "heading"),
        short(session.id),
        printable(session.alias or ""),
    )
    yield "  ".join([*filter(None, title), f"{status_word(view.status, look)} since {view.since}"])
    for evidence in view.evidence:
        yield f"  because    {printable(evidence.what)}" + (f" ({evidence.at})" if evidence.at else "")
    yield from _work(shown)
    yield from questions_text(shown.sighting)
    yield from _said(shown)
    yield from _verification(shown, look)
    for conflict in shown.conflicts or ():
        words = f"{conflict.file.path or 'somewhere'} ({conflict.file.kind}) with {session.target}"
        yield look.style(f"  conflict   {printable(words)}", "bad")
    for name, meeting in shown.meets:
        words = f"with {name} ({meeting.kind}): {', '.join(file.path for file in meeting.files[:MOST_PATHS])}"
        yield look.style(f"  conflict   {printable(words)}", "bad")
    for approval, stale in shown.approvals:
        words = f"{printable(approval.by)} (tree {short_oid(approval.tree)})" + (", stale" if stale else "")
        yield f"  approval   {words}"
    yield from _some("commits", [f"{short_oid(c.oid)} {printable(c.subject)}" for c in shown.commits])
    yield from _some("files", [_file(change) for change in shown.files])
    yield from _some("notes", [printable(f"{note.kind}: {note.text}") for note in shown.notes])
    children = [f"{printable(child.session.name)} {child.view.status}" for child in shown.children]
    yield from _some("children", children)


def _work(shown: Shown) -> Iterator[str]:
    """What was ordered, where it is done, and by whom."""
    sighting, session = shown.sighting, shown.sighting.session
    head = f"{short_oid(session.base)}..{short_oid(session.head)}"
    moved = "" if sighting.ahead is None else f" (+{sighting.ahead} -{sighting.behind})"
    dirt = ", with uncommitted changes" if sighting.dirty else ""
    rows = (
        ("task", " ".join(session.task.split())),
        ("role", f"{session.role}, by {session.created_by or 'unknown'}"),
        ("branch", f"{session.branch}, {head}{moved}"),
        ("target", session.target),
        ("worktree", f"{session.worktree or '-'}{dirt}"),
        ("engine", " ".join(part for part in (session.engine, session.model, session.runner) if part)),
        ("priority", str(session.priority) if session.priority else ""),
        ("parent", _name(shown, session.parent) if session.parent else ""),
        ("after", ", ".join(_name(shown, awaited) for awaited in session.after)),
        ("progress", "" if session.progress is None else f"{session.progress} %"),
        ("messages", _mail(shown)),
        ("shared", "not all of it yet: git ccc sync" if sighting.provisional else ""),
    )
    yield from (f"  {label.ljust(10)} {printable(value)}" for label, value in rows if value)


def _name(shown: Shown, identifier: str) -> str:
    names = [session.name for session in shown.picture.sessions if session.id == identifier]
    return names[0] if names else short(identifier)


def _mail(shown: Shown) -> str:
    """What it has sent, and what has not arrived there."""
    counts = ((shown.sent, "sent"), (shown.unread, "unread"))
    return ", ".join(f"{count} {word}" for count, word in counts if count)


def _said(shown: Shown) -> Iterator[str]:
    """The brief it was given and the report it wrote, each by its first lines."""
    name = shown.sighting.session.name
    if shown.brief:
        yield from _excerpt("brief", shown.brief, f"git ccc show {name} --brief")
    if shown.report is not None:
        yield f"  report     {printable(shown.report.summary)}"
        yield from (f"    next: {printable(step)}" for step in shown.report.next_steps)
        if shown.report.body.strip() not in ("", shown.report.summary):
            yield from _excerpt("", shown.report.body, f"git ccc show {name} --report")


def _excerpt(label: str, text: str, command: str) -> Iterator[str]:
    lines = [line for line in text.splitlines() if line.strip()]
    for number, line in enumerate(lines[:EXCERPT]):
        yield f"  {(label if number == 0 else '').ljust(10)} | {printable(line)}"
    if len(lines) > EXCERPT:
        yield f"  {''.ljust(10)} {len(lines) - EXCERPT} more lines: {printable(command)}"


def _file(change: FileChange) -> str:
    return f"{change.status} {printable(change.path)} {_counts(change.added, change.deleted)}"


def _counts(added: int | None, deleted: int | None) -> str:
    return "binary" if added is None else f"+{added} -{deleted}"


def _some(label: str, entries: list[str]) -> Iterator[str]:
    for number, entry in enumerate(entries[:LISTED]):
        yield f"  {(label if number == 0 else '').ljust(10)} {entry}"
    if len(entries) > LISTED:
        yield f"  {''.ljust(10)} and {len(entries) - LISTED} more"


def _verification(shown: Shown, look: Styling) -> Iterator[str]:
    verification = shown.sighting.session.verification
    if verification is None:
        return
    if verification.state == "none":
        yield look.style(
            f"  checks     unchecked at {short_oid(verification.commit)}: the role has no checks here",
            "attention",
        )
        return
    for command in verification.commands:
        style = "good" if command.exit == 0 else "bad"
        words = (
            f"{printable(describe(command))} at {short_oid(verification.commit)} ({command.seconds:.1f} s)"
        )
        yield look.style(f"  checks     {words}", style)
        if command.exit != 0:
            yield from (f"    | {printable(line)}" for line in last_words(command))


def verification_text(shown: Shown, look: Styling) -> str:
    """Only what ccc ran, with the end of the logs of what failed."""
    return "\n".join(_verification(shown, look)) or "nothing has been checked yet"


def report_text(shown: Shown) -> str:
    """The report as it was written."""
    return printable_lines(shown.report.body) if shown.report else "there is no report"
