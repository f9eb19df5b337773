"""What waits for somebody, what failed, and what nobody knows, as lines of a hand-off."""

from __future__ import annotations

from collections.abc import Iterator

from ccc.domain.handoff import Facts, Work
from ccc.domain.sessions import Session
from ccc.views import quoting
from ccc.views.handoff import lines


def lines_of(facts: Facts) -> list[str]:
    """What waits for a person first, then what is open, then what may have been forgotten."""
    works = facts.works[::-1]
    asked = [line for work in works if work.is_open for line in _needs_person(work)]
    still_open = [line for work in works if work.is_open for line in _unfinished(work)]
    forgotten = [line for work in works for line in _forgotten(work)]
    return [*asked, *_moved(facts), *still_open, *forgotten]


def _needs_person(work: Work) -> Iterator[str]:
    session, name = work.session, quoting.name(work.session.name)
    if work.view.status == "waiting":
        for verb, why in _wishes(session):
            yield f"{name} {verb} at {lines.oid(session.head)}: {why}"
    if work.view.status in ("verified", "unchecked"):
        queued = f", queued since {quoting.moment(work.queued_at)}" if work.queued_at else ""
        what = f"{name} is {lines.status(work)} at {lines.oid(session.head)}{queued}"
        yield f"{what}: review and land it, {quoting.code(f'git ccc merge {session.name}')}"


def _wishes(session: Session) -> Iterator[tuple[str, str]]:
    """What a session waits for: its claim at head, and every question that nobody has answered."""
    claim = session.claim
    if claim is not None and claim.commit == session.head:
        why = quoting.quoted(claim.why, lines.TEXT) if claim.why else "no reason given"
        yield "is blocked" if claim.state == "blocked" else "asks", why
    for question in session.questions:
        yield "asks", quoting.quoted(question.text, lines.TEXT)


def _unfinished(work: Work) -> Iterator[str]:
    session, name = work.session, quoting.name(work.session.name)
    rejection = session.rejection
    if rejection is not None and rejection.head == session.head and work.view.status == "running":
        yield f"{name} was rejected at {lines.oid(session.head)}: {quoting.quoted(rejection.why, lines.TEXT)}"
    elif any(failures(work)):
        yield f"{name} has failed and must be mended, see Problems"
    elif work.view.status == "reported":
        yield f"{name} reported done at {lines.oid(session.head)}; its checks have not run"
    elif work.view.status == "created":
        yield f"{name} has not begun"
    elif work.view.status not in ("waiting", "verified", "unchecked"):
        progress = "" if session.progress is None else f", progress {session.progress:d} %"
        yield f"{name} is unfinished ({lines.status(work)}{progress})"


def _forgotten(work: Work) -> Iterator[str]:
    session, name = work.session, quoting.name(work.session.name)
    if session.closed is not None and not session.landed_head:
        kept = f", kept under {quoting.code(session.closed.backup)}" if session.closed.backup else ""
        yield f"{name} was closed before its work landed{kept}"
    if work.branch_gone is not None and work.branch_gone == session.head:
        branch, commit = quoting.code(session.branch), lines.oid(session.head)
        yield f"{name}: its branch {branch} was deleted by hand at {commit}"


def _moved(facts: Facts) -> Iterator[str]:
    for moved in facts.moved:
        where = "is gone" if moved.new is None else f"went to {lines.oid(moved.new)}"
        branch, old = quoting.name(moved.branch), lines.oid(moved.old)
        yield f"{branch} {where} from {old} outside ccc at {quoting.moment(moved.at)}: look at it"


def failures(work: Work) -> Iterator[str]:
    """Failed checks and gates of a session's head, and a run that ended badly."""
    session, name = work.session, quoting.name(work.session.name)
    checks = session.verification
    if checks is not None and checks.state == "failed" and checks.commit == session.head:
        ran = lines.commands([command for command in checks.commands if command.exit != 0])
        yield f"{name}: checks failed at {lines.oid(session.head)}: {ran}"
    gate = work.gate
    if gate is not None and gate.state == "failed" and gate.head == session.head:
        ran = lines.commands([command for command in gate.commands if command.exit != 0])
        alone = f"; {quoting.name(session.target)} fails alone, too" if gate.base_red else ""
        yield f"{name}: the gate of {quoting.name(session.target)} failed on the combined tree: {ran}{alone}"
    if work.view.status in ("failed", "lost", "blocked", "stopped"):
        why = quoting.quoted(session.run.why, lines.TEXT)
        yield f"{name} is {lines.status(work)} since {quoting.moment(work.view.since)}: {why}"


def unknown(facts: Facts) -> list[str]:
    """What this hand-off cannot say, and since when."""
    found = []
    if facts.shallow:
        found.append("this clone's history is cut: ahead and behind are not counted")
    for work in facts.works[::-1]:
        session, name = work.session, quoting.name(work.session.name)
        if work.is_open:
            found.append(f"what {name} did after {quoting.moment(session.updated_at)}: nothing is recorded")
        if work.is_open and work.files is None:
            found.append(f"files of {name}: {lines.oid(session.head)} is not in this clone")
        if session.landed is not None and work.landed_files is None:
            found.append(f"files of {name}: {lines.oid(session.landed.commit)} is not in this clone")
        if work.report_lost:
            found.append(f"the report of {name}: it cannot be read, see {quoting.code('git ccc fsck')}")
    return found
