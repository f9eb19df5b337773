"""The sections of a hand-off, each item ready Markdown, the most important first."""

from __future__ import annotations

from collections.abc import Sequence

from ccc.domain.handoff import Facts, Snippet, Work
from ccc.domain.manifests import is_manifest
from ccc.views import quoting
from ccc.views.handoff import lines, todo
from ccc.views.handoff.fit import Section

TABLE = "| Session | Status | Since | Progress | Head | Target |\n|---|---|---|---|---|---|\n"
STEP_FILES = 5
URGENCY = ("waiting", "failed", "lost", "blocked", "verified", "unchecked", "reported", "running")


def sections_of(facts: Facts) -> tuple[Section, ...]:
    """In reading order; `rank` says who is served first when the budget is small."""
    youngest = facts.works[::-1]
    unknown = tuple(f"- {line}" for line in todo.unknown(facts))
    snippets = tuple(_snippet(snippet) for snippet in facts.snippets)
    unfinished = [work for work in youngest if work.is_open]
    completed = [work for work in youngest if is_completed(work)]
    completed.sort(key=_finished_at, reverse=True)
    return (
        Section("Completed work", "git ccc show ID", 5, 20, tuple(_completed(work) for work in completed)),
        Section("Current state", "git ccc status --all", 1, 12, tuple(_rows(youngest)), TABLE),
        _notes(facts, "Discoveries", "discovery", 7, 10),
        Section("Branches", "git ccc status", 6, 12, tuple(_branch(work, facts) for work in unfinished)),
        Section("Next steps", "git ccc show ID", 2, 12, tuple(_next_steps(facts, youngest))),
        _notes(facts, "Decisions", "decision", 4, 12),
        Section("Problems", "git ccc note --kind problem", 3, 10, tuple(_problems(facts, youngest))),
        Section("Environment and dependencies", "git ccc show ID", 9, 4, tuple(_environment(youngest))),
        Section("To do", "git ccc inbox", 0, 12, tuple(f"- {line}" for line in todo.lines_of(facts))),
        _notes(facts, "Other notes", "note", 10, 4),
        Section("Unknown", "git ccc status", 8, 4, unknown),
        Section("Snippets", "git ccc review ID", 11, 6, snippets),
    )


def is_completed(work: Work) -> bool:
    """Whether something of the session has landed, or waits, checked, to be landed."""
    return work.session.landed is not None or work.view.status in ("completed", "verified", "unchecked")


def _finished_at(work: Work) -> str:
    landed, verification = work.session.landed, work.session.verification
    return max(landed.at if landed else "", verification.at if verification else "")


def _completed(work: Work) -> str:
    session = work.session
    head = f"- {quoting.name(session.name)} ({quoting.name(session.role)}): "
    parts = [head + quoting.quoted(session.task, lines.TASK), f"  - {_outcome(work)}"]
    checks = session.verification
    if checks is not None and checks.commands:
        ran = lines.commands(checks.commands)
        parts.append(f"  - checks {quoting.name(checks.state)} at {lines.oid(checks.commit)}: {ran}")
    elif checks is not None:
        parts.append(f"  - unchecked at {lines.oid(checks.commit)}: the role has no checks")
    else:
        parts.append("  - no checks have run")
    found = work.landed_files if session.landed else work.files
    parts.append(f"  - {'files unknown: not in this clone' if found is None else lines.files(found)}")
    if work.summary:
        parts.append(f"  - it says: {quoting.quoted(work.summary, lines.TEXT)}")
    return "\n".join(parts)


def _outcome(work: Work) -> str:
    landed = work.session.landed
    if landed is None:
        return f"{lines.status(work)} at {lines.oid(work.session.head)}, not landed"
    onward = "" if work.session.landed_head else f"; went on since, now {lines.status(work)}"
    where = f"landed on {quoting.name(landed.target)} as {lines.oid(landed.commit)}"
    return f"{where} at {quoting.moment(landed.at)}{onward}"


def _rows(works: Sequence[Work]) -> list[str]:
    def urgency(work: Work) -> tuple[bool, int]:
        status = work.view.status
        return not work.is_open, URGENCY.index(status) if status in URGENCY else len(URGENCY)

    return [_row(work) for work in sorted(works, key=urgency)]


def _row(work: Work) -> str:
    session = work.session
    progress = "-" if session.progress is None else f"{session.progress:d} %"
    cells = (
        quoting.name(session.name),
        lines.status(work),
        quoting.moment(work.view.since),
        progress,
        lines.oid(session.head),
        quoting.name(session.target),
    )
    return f"| {' | '.join(quoting.cell(cell) for cell in cells)} |"


def _notes(facts: Facts, title: str, kind: str, rank: int, share: int) -> Section:
    found = [lines.noted(note, facts) for note in facts.notes[::-1] if note.kind == kind]
    return Section(title, f"git ccc note --kind {kind}", rank, share, tuple(found))


def _branch(work: Work, facts: Facts) -> str:
    session = work.session
    target = quoting.name(session.target)
    seen = f" as of {quoting.moment(work.target_at)}" if work.target_at else ""
    if work.ahead is None or work.behind is None:
        why = "the history is cut in this clone" if facts.shallow else "not counted in this clone"
        counts = f"ahead and behind of {target} unknown: {why}"
    else:
        counts = f"{work.ahead} ahead, {work.behind} behind {target}{seen}"
    purpose = quoting.quoted(session.task, lines.TASK)
    parts = [f"- {quoting.code(session.branch)} at {lines.oid(session.head)} for {purpose}", counts]
    if work.files is not None:
        parts.append(lines.files(work.files))
    return "; ".join([*parts, lines.uncommitted(work.uncommitted)])


def _next_steps(facts: Facts, works: Sequence[Work]) -> list[str]:
    found = [lines.noted(note, facts) for note in facts.notes[::-1] if note.kind == "next"]
    for work in works:
        touched = work.files or work.landed_files or ()
        paths = ", ".join(quoting.code(file.path) for file in touched[:STEP_FILES])
        about = f"; its files: {paths}" if paths else ""
        whose = f"({quoting.name(work.session.name)}, its report{about})"
        found += [f"- {quoting.quoted(step, lines.TEXT)} {whose}" for step in work.next_steps]
    return found


def _problems(facts: Facts, works: Sequence[Work]) -> list[str]:
    failing = [f"- {line}" for work in works if work.is_open for line in todo.failures(work)]
    noted = [lines.noted(note, facts) for note in facts.notes[::-1] if note.kind == "problem"]
    return failing + noted


def _environment(works: Sequence[Work]) -> list[str]:
    found = []
    for work in works:
        landed = {file.path for file in work.landed_files or ()}
        for file in dict.fromkeys([*(work.landed_files or ()), *(work.files or ())]):
            if is_manifest(file.path):
                state = "landed" if file.path in landed else "not landed"
                found.append(f"- {lines.changed(file)} by {quoting.name(work.session.name)}, {state}")
    return found


def _snippet(snippet: Snippet) -> str:
    title = f"{quoting.code(snippet.path)} in {lines.oid(snippet.commit)} ({quoting.name(snippet.session)})"
    more = ", cut:" if snippet.cut else ":"
    shown = [quoting.raw_line(line)[: lines.COMMAND] for line in snippet.lines]
    return f"{title}{more}\n\n{quoting.fenced(shown, 'diff')}\n"
