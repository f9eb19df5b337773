"""One session, whole, as text."""

from __future__ import annotations

from collections.abc import Iterator

from ccc.domain.status import describe
from ccc.ids import short, short_oid
from ccc.ops.commands import last_words
from ccc.ops.show import Shown
from ccc.text import printable, printable_lines
from ccc.views.styling import Styling, status_word

LISTED = 20


def show_text(shown: Shown, look: Styling) -> str:
    """Status with its evidence, task, branch, report, checks, commits, files, notes."""
    return "\n".join(_lines(shown, look))


def _lines(shown: Shown, look: Styling) -> Iterator[str]:
    session, view = shown.sighting.session, shown.sighting.view
    head = look.style(session.name, "heading")
    yield f"{head}  {short(session.id)}  {session.alias or ''}  {status_word(view.status, look)} since {view.since}"
    for evidence in view.evidence:
        yield f"  because    {printable(evidence.what)}" + (f" ({evidence.at})" if evidence.at else "")
    yield f"  task       {printable(' '.join(session.task.split()))}"
    yield f"  role       {session.role}, by {printable(session.created_by or 'unknown')}"
    yield f"  branch     {session.branch}, {short_oid(session.base)}..{short_oid(session.head)}{_moved(shown)}"
    yield f"  target     {session.target}"
    dirt = {True: ", with uncommitted changes", False: "", None: ""}[shown.sighting.dirty]
    yield f"  worktree   {printable(session.worktree or '-')}{dirt}"
    if session.progress is not None:
        yield f"  progress   {session.progress} %"
    yield from _verification(shown, look)
    if shown.report is not None:
        yield f"  report     {printable(shown.report.summary)}"
        yield from (f"    next: {printable(step)}" for step in shown.report.next_steps)
    yield from _some("commits", [f"{short_oid(c.oid)} {printable(c.subject)}" for c in shown.commits])
    yield from _some(
        "files", [f"{f.status} {printable(f.path)} {_counts(f.added, f.deleted)}" for f in shown.files]
    )
    yield from _some("notes", [f"{note.kind}: {printable(note.text)}" for note in shown.notes])
    for approval in shown.approvals:
        yield f"  approval   {printable(approval.by)} (tree {short_oid(approval.tree)})"
    yield from _some("children", [f"{child.session.name} {child.view.status}" for child in shown.children])


def _moved(shown: Shown) -> str:
    sighting = shown.sighting
    return "" if sighting.ahead is None else f" (+{sighting.ahead} -{sighting.behind})"


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
