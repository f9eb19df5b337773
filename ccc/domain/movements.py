"""Facts of a session's branch: commits with their trailers, reports, amends, rewrites, resets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from ccc.domain.canonical import Value
from ccc.domain.events import Draft
from ccc.domain.report import parse_report
from ccc.domain.sessions import MERGE, Landed, Run, Session, stream_of
from ccc.ids import blob_id, short_oid
from ccc.records import dataclass

PROGRESS, STATUS, ADVANCE = "ccc-progress", "ccc-status", "ccc-advance"
SESSION = "Ccc-Session"
"""The trailer by which a brief's commit names its session."""

CLAIMS = ("done", "blocked", "question")
REPORT_LIMIT = 48_000


class CommitFacts(Protocol):
    """What is needed to know of a commit; trailer keys in any case."""

    @property
    def oid(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def trailers(self) -> Mapping[str, Sequence[str]]: ...


@dataclass(frozen=True)
class CommittedReport:
    """The bytes of `.ccc/sessions/<name>/report.md` in the commit that touched it last."""

    commit: str
    content: bytes


def commit(
    session: Session, made: CommitFacts, *, amended: bool, report: CommittedReport | None
) -> Iterator[Draft]:
    """The facts of one commit: that it is there, the progress and the state it claims."""
    trailers = {key.lower(): list(found) for key, found in made.trailers.items()}
    if trailers.get(ADVANCE):
        yield advanced(session, made.oid)
        return
    verb = "amended" if amended else "committed"
    yield _fact(
        session,
        f"session.{verb}",
        f"{verb} {short_oid(made.oid)} {made.subject}",
        {"head": made.oid, **_running(session)},
        data={"commit": made.oid},
    )
    percent = _percent(trailers.get(PROGRESS, []))
    if percent is not None:
        yield progress(session, percent)
    if report is not None and report.commit == made.oid:
        yield from _reported(session, report)
    said = [word.strip().lower() for word in trailers.get(STATUS, [])]
    if said and said[-1] in CLAIMS:
        yield claim(session, said[-1], made.oid, how="trailer", why="")


def progress(session: Session, percent: int) -> Draft:
    """The share of the work done, as the session says, 0 to 100."""
    return _fact(session, "session.progressed", f"progress {percent} %", {"progress": percent})


def claim(session: Session, state: str, commit: str, *, how: str, why: str, by: str | None = None) -> Draft:
    """What the session says of itself at a commit. `state`: done, blocked or question."""
    record: dict[str, Value] = {"state": state, "commit": commit, "how": how, "why": why}
    words = {
        "done": f"reported done at {short_oid(commit)}",
        "blocked": f"blocked: {why}" if why else "blocked",
        "question": f"asks: {why}" if why else "has a question",
    }
    kind = "session.reported" if state == "done" else f"session.{state}"
    return replace(_fact(session, kind, words[state], {"claim": record}), by=by or f"s:{session.id}")


def report_file(content: bytes, *, like: str) -> tuple[dict[str, Value], tuple[bytes, ...]]:
    """The change and blob that keep a report on `refs/ccc`, cut at 48 KB; `like`: any object id there."""
    kept = content[:REPORT_LIMIT]
    return {"report.md": blob_id(kept, like=like)}, (kept,)


def _reported(session: Session, report: CommittedReport) -> Iterator[Draft]:
    parsed = parse_report(report.content)
    change, blobs = report_file(report.content, like=report.commit)
    text = f"wrote its report in {short_oid(report.commit)}"
    yield replace(_fact(session, "session.report", text, change), blobs=blobs)
    state = parsed.status or "done"
    if state in CLAIMS:
        yield claim(
            session, state, report.commit, how="report", why=parsed.summary if state != "done" else ""
        )


def reset(session: Session, new: str) -> Draft:
    """The branch was put back to an ancestor of its head."""
    return _fact(
        session,
        "session.reset",
        f"reset from {short_oid(session.head)} to {short_oid(new)}",
        {"head": new, **_running(session)},
        data={"from": session.head, "to": new},
    )


def advanced(session: Session, new: str) -> Draft:
    """After a landing the branch was brought along by ccc: a merge of itself and the landed target."""
    change: dict[str, Value] = {"head": new}
    if session.landed is not None and session.landed_head:
        change["landed"] = {**landed_value(session.landed), "advanced": new}
    return _fact(session, "session.advanced", f"advanced to {short_oid(new)}, with its target", change)


def stacked(session: Session, new: str, base: str) -> Draft:
    """Before its first start the branch was moved by ccc: its brief, now on the work of others."""
    text = f"moved to {short_oid(new)}, to begin at {short_oid(base)}"
    change: dict[str, Value] = {"head": new, "base": base}
    return _fact(session, "session.moved", text, change, data={"from": session.head, "to": new})


def landed_value(landed: Landed) -> dict[str, Value]:
    """A landing as recorded; of a merge by ccc without the words that say so."""
    more = {"method": landed.method} if landed.method != MERGE else {}
    if landed.how:
        more["how"] = landed.how
    return {
        **more,
        "commit": landed.commit,
        "head": landed.head,
        "base": landed.base,
        "tree": landed.tree,
        "target": landed.target,
        "advanced": landed.advanced,
    }


def forwarded(session: Session, new: str) -> Draft:
    """The branch was moved ahead to commits of its target, without one of its own."""
    text = f"brought up to {short_oid(new)}"
    return _fact(session, "session.forwarded", text, {"head": new}, data={"from": session.head, "to": new})


def rewritten(session: Session, new: str) -> Draft:
    """The branch has another history than before (rebase, forced move) or took up its target's commits."""
    return _fact(
        session,
        "session.rewritten",
        f"rewrote {session.branch} from {short_oid(session.head)} to {short_oid(new)}",
        {"head": new, **_running(session)},
        data={"from": session.head, "to": new},
    )


def branch_gone(session: Session, kept: str) -> Draft:
    """The branch was deleted by hand; its last commit is kept."""
    return _fact(
        session,
        "session.branch-gone",
        f"branch {session.branch} is gone, {short_oid(session.head)} kept under {kept}",
        {"branch_gone": session.head},
        data={"kept": kept},
    )


def after(session: Session, new: str) -> Session:
    """The session with its branch at `new`, as the next fact finds it."""
    run = _next_run(session)
    return replace(session, head=new, run=run or session.run)


def _running(session: Session) -> dict[str, Value]:
    run = _next_run(session)
    return {} if run is None else {f"run.{run.number}": {"status": run.status, "why": run.why}}


def _next_run(session: Session) -> Run | None:
    """The first commit starts the first run, a commit after a landing the next one."""
    if session.engine is not None:
        return None
    if session.landed_head:
        return Run(session.run.number + 1, "running", "commits arrive", "")
    if session.run.status == "created":
        return Run(max(session.run.number, 1), "running", "commits arrive", "")
    return None


def _percent(found: Sequence[str]) -> int | None:
    if not found:
        return None
    text = found[-1].strip().removesuffix("%").strip()
    return int(text) if text.isascii() and text.isdigit() and int(text) <= 100 else None


def _fact(session: Session, kind: str, text: str, changes: Mapping[str, Value], data: Value = None) -> Draft:
    return Draft(
        type=kind,
        subject=session.name,
        text=text,
        session=session.id,
        changes={stream_of(session.id): changes},
        by=f"s:{session.id}",
        data=data,
    )
