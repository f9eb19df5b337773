"""The status of a session: one function, from what is recorded and what was looked at just now."""

from __future__ import annotations

from ccc.domain.alive import Evidence as Evidence
from ccc.domain.alive import of_life
from ccc.domain.alive import seconds_between as seconds_between
from ccc.domain.alive import short_engine as short_engine
from ccc.domain.life import Life
from ccc.domain.sessions import Command, Question, Session
from ccc.ids import short_oid
from ccc.records import dataclass

STATUSES = (
    *("created", "queued", "starting", "running", "idle", "waiting", "limited", "paused"),
    *("reported", "verified", "unchecked", "completed", "blocked", "failed", "stopped", "lost"),
    *("closed", "unknown"),
)
"""All of them, in the order of CONTRACT §2."""

OPEN = frozenset(
    {
        "created",
        "queued",
        "starting",
        "running",
        "idle",
        "limited",
        "reported",
        "waiting",
        "paused",
        "unknown",
    }
)
DONE = frozenset({"verified", "unchecked", "completed"})
FAILED = frozenset({"blocked", "failed", "stopped", "lost"})
NEEDS_PERSON = frozenset({"waiting"})


@dataclass(frozen=True)
class Seen:
    """What was looked at just now, on this machine.

    `head` is the branch's tip (None: the branch is gone), `worktree` whether its folder is there (None:
    the session belongs to another machine), `checked_out` the branch its worktree is on (a commit where HEAD
    is detached), `life` the youngest run of an agent here (None: there is none), `searched` whether one was
    looked for.
    """

    head: str | None
    worktree: bool | None
    checked_out: str | None = None
    life: Life | None = None
    searched: bool = False


@dataclass(frozen=True)
class StatusView:
    """A status of CONTRACT §2 with its evidence; `as_of` is when it was last known to be true."""

    status: str
    since: str
    evidence: tuple[Evidence, ...]
    as_of: str


def derive(session: Session, seen: Seen | None, now: str) -> StatusView:
    """The status of a session.

    Precedence (CONTRACT §2): closed, landed at head, verified / unchecked / reported at head, blocked,
    the run's own state. `seen` None means nothing could be looked at: a session of another machine.
    """
    status, since, evidence = _recorded(session, None if seen is None else seen.life, now)
    if session.closed is not None:
        return StatusView("closed", session.closed.at, (*_closing(session), *evidence), now)
    if seen is None or seen.worktree is None:
        return _from_afar(session, status, since, evidence)
    trouble = _trouble(session, seen)
    if trouble and status in UNSETTLED:
        if any(each.source == "process" for each in trouble):
            evidence = (Evidence("event", _last_recorded(session), session.run.at),)
        return StatusView("lost", session.updated_at, (*trouble, *evidence), now)
    evidence = (*_reverted(session), *evidence)
    if status == "unknown":
        return StatusView(status, since, (*trouble, *evidence, *_strayed(session, seen)), since)
    return StatusView(status, since, (*evidence, *trouble, *_strayed(session, seen)), now)


UNSETTLED = frozenset(
    {"created", "queued", "starting", "running", "idle", "waiting", "limited", "paused", "reported"}
)
"""What cannot be true of a session whose branch, worktree or process is gone."""

LIVE = frozenset({"starting", "running", "idle", "waiting", "limited", "paused"})
"""Recorded states of a run that need a process."""


def before_closing(session: Session, status: str) -> str:
    """The status that `wait` reckons with: for a closed session the one it had before."""
    if status == "closed" and session.closed is not None:
        return session.closed.before
    return status


Known = tuple[str, str, tuple[Evidence, ...]]


def _recorded(session: Session, life: Life | None, now: str) -> Known:
    known = _known(session, life, now)
    questions = open_questions(session, life)
    if not questions or session.landed_head:
        return known
    asked = Evidence("event", f"asks: {questions[0].text}", questions[0].at)
    return "waiting", questions[0].at, (asked, *known[2])


def _known(session: Session, life: Life | None, now: str) -> Known:
    """What is known beside what it asks."""
    for part in (_landed, _rejected, _checked, _claimed):
        known = _reviewed(session, part(session))
        if known is not None:
            return known if life is None else _with_life(known, session, life, now)
    return _run(session, life, now)


def open_questions(session: Session, life: Life | None) -> tuple[Question, ...]:
    """What it asks and waits for, oldest first.

    Whoever reported done, landed or came to an end waits no more for what was asked before; what is asked
    after it is open. Work that was sent back, and a run that was resumed, wait for all again.
    """
    if not session.questions:
        return ()
    over = _over_at(session, life)
    return tuple(question for question in session.questions if question.at >= over)


def unanswered(session: Session, life: Life | None) -> tuple[Question, ...]:
    """The same with those that whoever stopped it has set aside: they are open again when it is resumed."""
    if life is None or life.ending is None or life.ending.status != "stopped":
        return open_questions(session, life)
    return open_questions(session, None)


def _over_at(session: Session, life: Life | None) -> str:
    """When it was over with what it was at; empty where it is not."""
    moments = [""]
    if session.landed is not None and session.landed_head:
        moments.append(session.landed.at)
    elif session.claim is not None and _claims_done(session) and not _sent_back(session):
        moments.append(session.claim.at)
    if life is not None and life.ending is not None and life.ending.status != "idle":
        moments.append(life.ending.at)
    return max(moments)


def _sent_back(session: Session) -> bool:
    """Whether a person, or its checks, said no to what it reported."""
    refused = _rejected(session) or _checked(session)
    return refused is not None and refused[0] == "running"


def _with_life(known: Known, session: Session, life: Life, now: str) -> Known:
    """What an agent's process does, beside a fact at a commit; work sent back makes the run count again."""
    status, since, evidence = known
    run = _run(session, life, now)
    if status == "running":
        return run[0], max(since, run[1]), (*evidence, *run[2])
    return status, since, (*evidence, *run[2])


def _reviewed(session: Session, known: Known | None) -> Known | None:
    """With where its work is being reviewed, on a forge."""
    if known is None or session.request is None or session.waits_at is None:
        return known
    status, since, evidence = known
    words = f"waits for review at {session.waits_at}"
    if session.request.words:
        words += f": {session.request.words}"
    return status, since, (*evidence, Evidence("forge", words, session.request.at))


def _landed(session: Session) -> Known | None:
    landed = session.landed
    if landed is None or not session.landed_head:
        return None
    what = f"landed on {landed.target} as {short_oid(landed.commit)}"
    return "completed", landed.at, (Evidence("event", what, landed.at),)


def _rejected(session: Session) -> Known | None:
    rejection = session.rejection
    if rejection is None or rejection.head != session.head:
        return None
    if session.claim is not None and session.claim.at > rejection.at:
        return None
    return "running", rejection.at, (Evidence("event", f"rejected: {rejection.why}", rejection.at),)


def _checked(session: Session) -> Known | None:
    verification = session.verification
    if verification is None or verification.commit != session.head or not _claims_done(session):
        return None
    at = verification.at
    if session.claim is not None and session.claim.at > at:
        return None
    if verification.state == "none":
        return (
            "unchecked",
            at,
            (_claim_evidence(session), Evidence("check", "the role has no checks here", at)),
        )
    evidence = tuple(Evidence("check", describe(command), command.at) for command in verification.commands)
    if verification.state == "passed":
        return "verified", at, evidence
    return "running", at, (Evidence("check", f"checks failed at {short_oid(session.head)}", at), *evidence)


def describe(command: Command) -> str:
    """A command's outcome in words: `pytest -q exit 0`."""
    if command.exit is None:
        return f"{command.command} timed out"
    return f"{command.command} exit {command.exit}" + (" when run again" if command.flaky else "")


def _claims_done(session: Session) -> bool:
    claim = session.claim
    return claim is not None and claim.state == "done" and claim.commit == session.head


def _claim_evidence(session: Session) -> Evidence:
    assert session.claim is not None
    claim = session.claim
    said = {
        "trailer": "commit trailer",
        "report": "committed report",
        "command": "git ccc report",
        "exit": "its program's exit 0",
        "resolution": "the resolution of its conflict",
        "undo": "its report before the landing that was undone",
    }
    words = f"{claim.state} at {short_oid(claim.commit)} by {said.get(claim.how, claim.how)}"
    return Evidence("report", f"{words}: {claim.why}" if claim.why else words, claim.at)


def _claimed(session: Session) -> Known | None:
    claim = session.claim
    if claim is None or claim.commit != session.head:
        return None
    status = "reported" if claim.state == "done" else "waiting"
    return status, claim.at, (_claim_evidence(session),)


def _run(session: Session, life: Life | None = None, now: str = "") -> Known:
    run = session.run
    if session.engine is None and life is None and run.status == "running":
        last = Evidence("commit", f"worked by hand, last commit {short_oid(session.head)}", session.head_at)
        return run.status, run.at, (last,)
    if run.status in ("created", "queued", "blocked") and (life is None or life.run < run.number):
        return run.status, run.at, (Evidence("event", run.why or run.status, run.at),)
    if life is None or life.run < run.number:
        return _run_unseen(session)
    return of_life(life, now)


def _run_unseen(session: Session) -> Known:
    """A run that is recorded and of which nothing can be seen."""
    run = session.run
    return run.status, run.at, (Evidence("event", run.why or run.status, run.at),)


def _reverted(session: Session) -> tuple[Evidence, ...]:
    """That its target has reverted its work, and that a person has to bring it back before it can land."""
    undone = session.undone
    if undone is None or undone.again is not None or session.landed is not None:
        return ()
    if session.head != undone.head:
        return ()
    return (Evidence("event", f"{undone.words}; to land it again: {undone.command(session.worktree)}", None),)


def _closing(session: Session) -> tuple[Evidence, ...]:
    assert session.closed is not None
    kept = f"closed, work kept under {session.closed.backup}" if session.closed.backup else "closed"
    return (Evidence("event", kept, session.closed.at),)


def _from_afar(session: Session, status: str, since: str, evidence: tuple[Evidence, ...]) -> StatusView:
    """Facts at a commit hold everywhere; the life of a process is known only where it runs."""
    if status in ("completed", "verified", "unchecked", "reported"):
        return StatusView(status, since, evidence, session.updated_at)
    elsewhere = Evidence("event", f"last known {status}, on another machine", session.updated_at)
    return StatusView("unknown", since, (elsewhere, *evidence), session.updated_at)


NOTHING = "nothing at"
"""How the evidence begins that a worktree is not where it was."""


def _trouble(session: Session, seen: Seen) -> tuple[Evidence, ...]:
    if session.stage != "ready":
        return ()
    found = []
    if seen.head is None:
        found.append(Evidence("ref", f"branch {session.branch} is gone", None))
    if not seen.worktree:
        found.append(Evidence("worktree", f"{NOTHING} {session.worktree}", None))
    if seen.searched and seen.life is None and session.engine is not None and session.run.status in LIVE:
        gone = f"nothing is left of run {session.run.number} here: its files under ccc/runs are gone"
        found.append(Evidence("process", gone, None))
    return tuple(found)


def _last_recorded(session: Session) -> str:
    """What was known before; that a turn goes on is no more to be said where nothing is left of it."""
    run = session.run
    known = f"last known {run.status}"
    return known if run.status in ("starting", "running") or not run.why else f"{known}: {run.why}"


def _strayed(session: Session, seen: Seen) -> tuple[Evidence, ...]:
    if seen.checked_out is None or seen.checked_out == f"refs/heads/{session.branch}":
        return ()
    if not seen.checked_out.startswith("refs/"):
        words = f"HEAD is detached at {short_oid(seen.checked_out)} instead of on {session.branch}"
        return (Evidence("worktree", f"{words}: commits there are on no branch", None),)
    where = seen.checked_out.removeprefix("refs/heads/")
    return (Evidence("worktree", f"on branch {where} instead of {session.branch}", None),)
