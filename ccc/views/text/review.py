"""A queue entry as a person reads it before deciding."""

from __future__ import annotations

from collections.abc import Iterator

from ccc.domain.landings import Gate
from ccc.domain.report import Report
from ccc.domain.sessions import MERGE, Command, Landed
from ccc.domain.status import DONE, describe
from ccc.git.history import FileChange
from ccc.ids import short_oid
from ccc.ops.commands import last_words
from ccc.ops.landing.review import Review
from ccc.text import printable
from ccc.views.styling import Styling
from ccc.views.text.conflicts import conflict_lines

FILES = 20
AGAINST = ("changes requested", "failed")


def review_text(shown: Review, look: Styling, report: Report | None = None) -> str:
    """Task, checks, gate, changes, conflicts with both sides' tasks, approvals, what stands against it."""
    return "\n".join(_lines(shown, look, report))


def _lines(shown: Review, look: Styling, report: Report | None) -> Iterator[str]:
    session, combined = shown.session, shown.combined
    title = f"{session.name} -> {combined.target}: {shown.state}{_untested(shown)}"
    yield look.style(printable(title), "heading")
    for warning in shown.warnings:
        yield look.style(f"  warning    {printable(warning)}", "attention")
    yield from _deciding(shown, look)
    yield f"  task       {printable(_folded(session.task))}"
    if report is not None and report.summary:
        yield f"  report     {printable(report.summary)}"
    yield printable(f"  head       {short_oid(combined.head)} on {session.branch}")
    yield printable(f"  base       {short_oid(combined.base)} on {combined.target}")
    if session.landed is not None and shown.state == "landed":
        yield printable(f"  landed     {_landed(session.landed)}")
    if combined.tree is not None:
        yield f"  tree       {short_oid(combined.tree)}"
    if shown.position is not None:
        yield f"  queue      {shown.position}."
    yield from _checks(shown, look)
    yield from _gate(shown, look)
    yield from _changes(shown, look)
    for conflict in shown.conflicts:
        yield from conflict_lines(shown, conflict, look)
    yield from _approvals(shown, look)
    yield from _request(shown, look)
    yield from _verdict(shown, look)


def _deciding(shown: Review, look: Styling) -> Iterator[str]:
    """All of the change of what decides trust: nobody says yes to that by its file's name."""
    for line in shown.deciding:
        style = {"+": "added", "-": "removed"}.get(line[:1], "faint")
        yield look.style(f"    | {printable(line)}", style)


def _landed(landed: Landed) -> str:
    how = landed.how or ("" if landed.method == MERGE else f"by {landed.method}")
    return f"{short_oid(landed.commit)} on {landed.target}{f', {how}' if how else ''}"


def _folded(text: str) -> str:
    return " ".join(text.split())


def _checks(shown: Review, look: Styling) -> Iterator[str]:
    verification = shown.session.verification
    if verification is None or verification.commit != shown.combined.head:
        yield "  checks     not run on this commit"
    elif verification.state == "none":
        yield look.style("  checks     unchecked: the role has no checks here", "attention")
    else:
        yield from _commands("checks", verification.commands, look)


def _gate(shown: Review, look: Styling) -> Iterator[str]:
    gate = shown.gate
    if gate is None:
        yield "  gate       not run on this tree" if shown.has_gate else "  gate       no gate configured"
    elif gate.state == "none":
        yield look.style(f"  gate       {no_gate(gate)}", "attention")
    else:
        yield from _commands("gate", gate.commands, look)
        if gate.flaky:
            words = f"  flaky      failed, and passed when run again: {', '.join(gate.flaky)}"
            yield look.style(printable(words), "attention")
        if gate.base_red:
            words = printable(f"  gate       fails on {shown.combined.target} alone, too")
            yield look.style(words, "attention")
    if shown.gate_only_here:
        yield look.style(printable(f"  note       {shown.gate_only_here}"), "attention")


def no_gate(gate: Gate) -> str:
    """Why no command of a gate was run."""
    if not gate.skipped:
        return "no gate configured"
    return f"none of its {len(gate.skipped)} commands is for these paths and this role"


def _commands(label: str, commands: tuple[Command, ...], look: Styling) -> Iterator[str]:
    for command in commands:
        style = "good" if command.exit == 0 else "bad"
        yield look.style(
            f"  {label.ljust(10)} {printable(describe(command))} ({command.seconds:.1f} s)", style
        )
        if command.exit != 0:
            yield from (f"    | {printable(line)}" for line in last_words(command))


def _changes(shown: Review, look: Styling) -> Iterator[str]:
    if not shown.changes:
        return
    added = sum(change.added or 0 for change in shown.changes)
    deleted = sum(change.deleted or 0 for change in shown.changes)
    files = "1 file" if len(shown.changes) == 1 else f"{len(shown.changes)} files"
    yield f"  changes    {files}, +{added} -{deleted}"
    for change in shown.changes[:FILES]:
        yield f"    {change.status} {printable(change.path)}  {_counts(change, look)}"
    if len(shown.changes) > FILES:
        command = printable(f"git ccc review {shown.session.name} --stat")
        yield f"    and {len(shown.changes) - FILES} more: {command}"


def _counts(change: FileChange, look: Styling) -> str:
    if change.added is None:
        return "binary"
    return look.style(f"+{change.added}", "added") + " " + look.style(f"-{change.deleted}", "removed")


def _approvals(shown: Review, look: Styling) -> Iterator[str]:
    for yes in shown.consent.yeses:
        approval = yes.approval
        words = f"  approval   {printable(approval.by)} (tree {short_oid(approval.tree)})"
        if yes.key is not None:
            words += f", signed {yes.key}"
        if approval.override:
            words += f", overriding: {printable(approval.override)}"
        if yes.carried:
            words += ", carried over a trivial rebase"
        if yes.why and not yes.stale:
            words += f", does not count: {printable(yes.why)}"
        if yes.stale:
            words += f", stale: {printable(yes.why)}" if yes.why else ", stale"
        yield look.style(words, "good" if yes.counts else "faint")


def _request(shown: Review, look: Styling) -> Iterator[str]:
    request = shown.session.request
    if request is None:
        return
    moved = "" if request.head == shown.combined.head else f", of {short_oid(request.head)}"
    yield printable(f"  request    {request.url} is {request.state}{moved}")
    standing = shown.standing
    for each in (*standing.opinions, *standing.checks) if standing else ():
        stale = each.commit != request.commit or bool(moved)
        style = "faint" if stale else "attention" if each.state in AGAINST else "good"
        yield look.style(printable(f"    {each.by} {each.state}{', stale' if stale else ''}"), style)


def _verdict(shown: Review, look: Styling) -> Iterator[str]:
    if shown.can_merge:
        yield look.style("  ready      it can land", "good")
    for reason in shown.why_not:
        yield look.style(f"  not yet    {printable(reason)}", "attention")
    command = next_command(shown)
    if command:
        yield f"  next       {printable(command)}"
    if shown.combined.conflicts and command:
        yield printable(f"  or         git ccc resolve {shown.session.name} --here")


def next_command(shown: Review) -> str:
    """What a person would do now; empty where nothing is to be done."""
    session, combined = shown.session, shown.combined
    if session.landed_head or session.closed is not None:
        return ""
    if combined.nothing:
        return session.undone.command(session.worktree) if shown.lacks and session.undone else ""
    if combined.conflicts:
        return f"git ccc resolve {session.name} --hand-back"
    if shown.busy:
        return shown.busy[0].command
    status = shown.sighting.view.status
    missing = status == "reported" or (shown.gate is None and shown.has_gate and status in DONE)
    if shown.can_merge or shown.only_approval_missing or missing:
        return f"git ccc merge {session.name}"
    return f"git ccc show {session.name}"


def stat_text(shown: Review, look: Styling) -> str:
    """Every changed file with its counts."""
    return "\n".join(
        f"{change.status} {printable(change.path)}  {_counts(change, look)}" for change in shown.changes
    )


def _untested(shown: Review) -> str:
    """Said beside a good state where nothing was run: no checks and no gate."""
    verification = shown.session.verification
    unchecked = verification is None or verification.state == "none"
    no_gate = shown.gate is None or shown.gate.state == "none"
    good = shown.state in ("passed", "approved")
    return " (nothing was run: no checks, no gate)" if good and unchecked and no_gate else ""
