"""A session as recorded: the cells of `sessions/<id>` as one frozen record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from ccc.domain.allowance import LIMITS as LIMITS
from ccc.domain.allowance import Exhausted as Exhausted
from ccc.domain.allowance import Limits as Limits
from ccc.domain.allowance import exhausted_in, limits_in
from ccc.domain.asking import Request as Request
from ccc.domain.asking import request_of
from ccc.domain.cells import Cells, at_of, values
from ccc.domain.commands import Command as Command
from ccc.domain.commands import command_of as command_of
from ccc.domain.commands import command_value as command_value
from ccc.domain.stamps import rfc3339
from ccc.domain.starts import Ground, Start, grounds_of, start_of
from ccc.domain.undone import Undone, undone_of
from ccc.records import dataclass

KIND = "sessions"
BY_HAND = "by_hand"
"""The cell of a session whose worktree a person made: ccc puts nothing into it."""

MERGE, SQUASH, REBASE, PICKED = "merge", "squash", "rebase", "picked"
"""How work comes to its target: as a merge commit, as one commit, as commits of the same changes in a row, or
as commits among others (by a person)."""


def stream_of(identifier: str) -> str:
    """The stream of a session."""
    return f"{KIND}/{identifier}"


@dataclass(frozen=True)
class Claim:
    """What the session says of itself at a commit: `done`, `blocked` or `question`.

    `how` is `trailer`, `report` (the committed file) or `command`.
    """

    state: str
    commit: str
    how: str
    why: str
    at: str


@dataclass(frozen=True)
class Verification:
    """What ccc ran on a commit: `passed`, `failed`, or `none` where no check applies."""

    commit: str
    state: str
    commands: tuple[Command, ...]
    at: str


@dataclass(frozen=True)
class Landed:
    """A landing: `head` of the session's branch became `commit` on `target`, then the branch `advanced`.

    `base` is where the target was. `method`: `merge`, `squash` or `rebase` (then `head` is no ancestor of
    `commit`), or `picked`. `how`: empty for one that ccc made, else in words how the work came there.
    """

    commit: str
    head: str
    base: str
    tree: str
    target: str
    advanced: str | None
    at: str
    method: str = MERGE
    how: str = ""


@dataclass(frozen=True)
class Closed:
    """A closing: what the status was before, the ref that keeps the work, and what `undo` needs.

    `tip` was the branch's tip, `head` what the worktree stood on, `on` the branch checked out there (full
    name); each None where it could not be seen.
    """

    before: str
    backup: str | None
    at: str
    tip: str | None = None
    head: str | None = None
    on: str | None = None


@dataclass(frozen=True)
class Run:
    """Life of the process behind a run; for a session worked by hand, whether commits have arrived."""

    number: int
    status: str
    why: str
    at: str


@dataclass(frozen=True)
class Rejection:
    """A person's no to a head, with the reason."""

    head: str
    why: str
    by: str
    at: str


@dataclass(frozen=True)
class Question:
    """What the agent asked and nobody answered yet; `id` has 32 hex digits, `at` is RFC 3339 UTC."""

    id: str
    text: str
    choices: tuple[str, ...]
    at: str


@dataclass(frozen=True)
class Spending:
    """Over all runs: tokens, and micro-dollars (None where no engine said); of the last turn its context."""

    input: int | None = None
    output: int | None = None
    context: int | None = None
    context_limit: int | None = None
    micro_usd: int | None = None
    seconds: int | None = None


SpentRow = tuple[Any, ...]
"""A row of `ccc.domain.spending`, as a tuple of plain values: it is read far more often than looked into."""


@dataclass(frozen=True)
class Session:
    """Everything recorded of one session. Times RFC 3339 UTC, oids in full, None is unknown or absent.

    `spent`: what each run used on each day (`spending.rows_of`).
    """

    id: str
    name: str
    alias: str | None
    role: str
    task: str
    branch: str
    worktree: str | None
    where: str | None
    target: str
    base: str
    parent: str | None
    engine: str | None
    model: str | None
    runner: str | None
    priority: int
    key: str | None
    after: tuple[str, ...]
    stage: str
    ports: int | None
    created_at: str
    created_by: str | None
    head: str
    head_at: str
    progress: int | None
    run: Run
    claim: Claim | None
    verification: Verification | None
    rejection: Rejection | None
    landed: Landed | None
    closed: Closed | None
    brief: str | None
    report: str | None
    updated_at: str
    conversation: str | None = None
    questions: tuple[Question, ...] = ()
    spending: Spending = Spending()
    limits: Limits = Limits()
    returned: str | None = None
    origin: str | None = None
    reminded: int | None = None
    spent: tuple[SpentRow, ...] = ()
    exhausted: Exhausted | None = None
    after_at: str = ""
    start: Start | None = None
    grounds: tuple[Ground, ...] = ()
    stuck: str | None = None
    request: Request | None = None
    undone: Undone | None = None

    @property
    def waits_at(self) -> str | None:
        """Where its present work is being reviewed, on a forge."""
        request = self.request
        return request.url if request and request.state == "open" and request.head == self.head else None

    @property
    def landed_head(self) -> bool:
        """Whether nothing was committed since the last landing."""
        return self.landed is not None and self.head in (self.landed.head, self.landed.advanced)


def from_cells(identifier: str, cells: Cells) -> Session | None:
    """The session of a stream; None where the stream is only a stub (cells reaped, or of a foreign event)."""
    if "name" not in cells or "branch" not in cells:
        return None
    present: Mapping[str, Any] = values(cells)
    return Session(identifier, **_made(cells, present), **_worked(cells, present), **_told(cells, present))


def _made(cells: Cells, present: Mapping[str, Any]) -> dict[str, Any]:
    """What a session was made with."""
    return {
        "name": str(present["name"]),
        "alias": present.get("alias"),
        "role": str(present.get("role", "")),
        "task": str(present.get("task", "")),
        "branch": str(present["branch"]),
        "worktree": present.get("worktree"),
        "where": present.get("where"),
        "target": str(present.get("target", "")),
        "base": str(present.get("base", "")),
        "parent": present.get("parent"),
        "engine": present.get("engine"),
        "model": present.get("model"),
        "runner": present.get("runner"),
        "priority": int(present.get("priority", 0)),
        "key": present.get("key"),
        "after": tuple(present.get("after", ())),
        "after_at": at_of(cells, "after"),
        "stage": str(present.get("stage", "ready")),
        "ports": present.get("ports"),
        "created_at": at_of(cells, "name"),
        "created_by": present.get("created_by"),
        "origin": present.get("from"),
        "brief": present.get("brief.md"),
        "start": start_of(_record(present, "start"), at_of(cells, "start")),
        "grounds": grounds_of(present.get("grounds", ())),
        "limits": limits_in(_record(present, "limits")),
    }


def _worked(cells: Cells, present: Mapping[str, Any]) -> dict[str, Any]:
    """How far its work is: runs, commits, what was used."""
    return {
        "head": str(present.get("head") or present.get("base", "")),
        "head_at": at_of(cells, "head") or at_of(cells, "name"),
        "progress": present.get("progress"),
        "run": _run(cells),
        "updated_at": rfc3339(max(stamp for stamp, _ in cells.values())),
        "conversation": present.get("conversation"),
        "spending": _spending(present),
        "spent": _spent(cells),
        "exhausted": exhausted_in(_record(present, "exhausted"), at_of(cells, "exhausted")),
        "reminded": max((int(name[9:]) for name in present if name.startswith("reminded.")), default=None),
        "stuck": present.get("stuck"),
    }


def _told(cells: Cells, present: Mapping[str, Any]) -> dict[str, Any]:
    """What was said of its work: by itself, by checks, by people."""
    return {
        "claim": _claim(_record(present, "claim"), at_of(cells, "claim")),
        "verification": _verification(_record(present, "verification"), at_of(cells, "verification")),
        "rejection": _rejection(_record(present, "rejection"), at_of(cells, "rejection")),
        "undone": undone_of(_record(present, "undone")),
        "landed": _landed(_record(present, "landed"), at_of(cells, "landed")),
        "closed": _closed(_record(present, "closed"), at_of(cells, "closed")),
        "request": request_of(_record(present, "request"), at_of(cells, "request")),
        "report": present.get("report.md"),
        "questions": _questions(cells),
        "returned": present.get("returned"),
    }


def _record(present: Mapping[str, Any], field: str) -> Mapping[str, Any] | None:
    value = present.get(field)
    return value if isinstance(value, Mapping) else None


QUESTION, SPENT, WORKED = "question.", "spent.", "worked."


def _questions(cells: Cells) -> tuple[Question, ...]:
    """The open ones, oldest first; answering removes the field."""
    found = []
    for name, (stamp, value) in cells.items():
        if name.startswith(QUESTION) and isinstance(value, Mapping):
            asked: Mapping[str, Any] = value
            choices = tuple(asked.get("choices", ()))
            at = str(asked.get("at") or rfc3339(stamp))  # a redacted one says when it was asked
            found.append(Question(name.removeprefix(QUESTION), str(asked["text"]), choices, at))
    return tuple(sorted(found, key=lambda question: (question.at, question.id)))


def _spending(present: Mapping[str, Any]) -> Spending:
    """The sum of the runs' cumulative figures, each kept in a field of its own (`spent.<run>`)."""
    runs = {int(name.removeprefix(SPENT)): value for name, value in present.items() if name.startswith(SPENT)}
    found = [value for _, value in sorted(runs.items()) if isinstance(value, Mapping)]
    worked = [value for name, value in present.items() if name.startswith(WORKED) and isinstance(value, int)]
    seconds = sum(worked) if worked else None
    if not found:
        return Spending(seconds=seconds)

    def total(field: str) -> int | None:
        known = [value[field] for value in found if value.get(field) is not None]
        return sum(known) if known else None

    last = found[-1]
    return Spending(
        total("input"),
        total("output"),
        last.get("context"),
        last.get("context_limit"),
        total("micro_usd"),
        seconds,
    )


def _spent(cells: Cells) -> tuple[SpentRow, ...]:
    if not any(name.startswith(SPENT) for name in cells):
        return ()
    from ccc.domain.spending import row_values, rows_in  # most sessions that are parsed used something

    return tuple(tuple(row) for row in row_values(rows_in(cells)))


def _run(cells: Cells) -> Run:
    """The run with the greatest number (compared as a number)."""
    runs = [
        name for name, (_, value) in cells.items() if name.startswith("run.") and isinstance(value, Mapping)
    ]
    if not runs:
        return Run(0, "created", "", rfc3339(cells["name"][0]))
    field = max(runs, key=lambda name: int(name[4:]))
    stamp, value = cells[field]
    assert isinstance(value, Mapping)
    return Run(int(field[4:]), str(value.get("status", "unknown")), str(value.get("why", "")), rfc3339(stamp))


def _claim(value: Mapping[str, Any] | None, at: str) -> Claim | None:
    if value is None:
        return None
    return Claim(value["state"], value["commit"], value.get("how", "command"), value.get("why", ""), at)


def _verification(value: Mapping[str, Any] | None, at: str) -> Verification | None:
    if value is None:
        return None
    commands = tuple(command_of(item) for item in value.get("commands", ()))
    return Verification(value["commit"], value["state"], commands, at)


def _rejection(value: Mapping[str, Any] | None, at: str) -> Rejection | None:
    return None if value is None else Rejection(value["head"], value.get("why", ""), value.get("by", ""), at)


def _landed(value: Mapping[str, Any] | None, at: str) -> Landed | None:
    if value is None:
        return None
    return Landed(
        commit=value["commit"],
        head=value["head"],
        base=value.get("base", ""),
        tree=value.get("tree", ""),
        target=value.get("target", ""),
        advanced=value.get("advanced"),
        at=at,
        method=value.get("method", MERGE),
        how=value.get("how", ""),
    )


def _closed(value: Mapping[str, Any] | None, at: str) -> Closed | None:
    if value is None:
        return None
    seen = (value.get(field) for field in ("tip", "head", "on"))
    return Closed(value.get("before", "unknown"), value.get("backup"), at, *seen)


def twins(sessions: Iterable[Session]) -> list[Session]:
    """Those not closed whose name another one has, too: two machines chose it offline."""
    still_open = [session for session in sessions if session.closed is None]
    count = Counter(session.name for session in still_open)
    return [session for session in still_open if count[session.name] > 1]
