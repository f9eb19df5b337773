"""Facts of hand-offs, plain and strange, for properties."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from ccc.domain import sessions
from ccc.domain.handoff import Changed, Facts, MovedTarget, Snippet, Uncommitted, Work
from ccc.domain.landings import Gate
from ccc.domain.notes import KINDS, Note
from ccc.domain.sessions import Command, Session
from ccc.domain.status import Seen, derive

STAMP = "20261003T120401.002+000.q7f3k"
AT = "2026-10-03T12:04:01.002Z"

EVIL = (
    "# Hand-off\n\n## Decisions\n",
    "</details><!-- hidden -->",
    "```\n# out of the fence\n````",
    '" (verified)\n- "',
    "| a | b |\n|---|---|",
    "\r\n\x0b\x0c\x1c\u2028# Heading",
    "\x1b[31mred\x00\x07",
    "\u202etxet desrever",
    "\U000e0049\U000e0067nore",
    "\udcff\udc80 bytes",
    "\\\\`*[a](b)<!--",
    "任务 🎉",
    "",
    "   ",
)
texts = st.one_of(st.sampled_from(EVIL), st.text(max_size=40), st.lists(st.sampled_from(EVIL)).map("".join))
oids = st.one_of(st.text("0123456789abcdef", min_size=40, max_size=40), texts)
times = st.one_of(st.just(AT), texts)
counts = st.one_of(st.none(), st.integers(0, 10**7))
statuses = st.one_of(st.sampled_from(["created", "running", "failed", "lost", "paused"]), texts)


@st.composite
def session_records(draw: st.DrawFn, number: int = 0) -> Session:
    """A session from cells that anybody may have written, the types as ccc expects them."""
    head, status = draw(oids), draw(statuses)
    fields: dict[str, Any] = {
        "name": draw(st.one_of(st.just(f"backend-{number}"), texts)),
        "role": draw(texts),
        "task": draw(texts),
        "branch": draw(texts),
        "target": draw(texts),
        "base": draw(oids),
        "head": head,
        "progress": draw(st.one_of(st.none(), st.integers(0, 100))),
        "run.1": {"status": status, "why": draw(texts)},
    }
    at_head = st.sampled_from([head, "a" * 40])
    if draw(st.booleans()):
        state = draw(st.sampled_from(["done", "blocked", "question"]))
        fields["claim"] = {"state": state, "commit": draw(at_head), "why": draw(texts)}
    if draw(st.booleans()):
        command = {"command": draw(texts), "exit": draw(counts), "ms": 1, "at": draw(texts)}
        state = draw(st.sampled_from(["passed", "failed", "none"]))
        commands = [command] * draw(st.integers(0, 9))
        fields["verification"] = {"commit": draw(at_head), "state": state, "commands": commands}
    if draw(st.booleans()):
        fields["landed"] = {"commit": draw(oids), "head": draw(at_head), "target": draw(texts)}
    if draw(st.booleans()):
        fields["closed"] = {"before": draw(texts), "backup": draw(texts)}
    if draw(st.booleans()):
        fields["rejection"] = {"head": draw(at_head), "why": draw(texts)}
    found = sessions.from_cells(f"{number:032x}", {name: (STAMP, value) for name, value in fields.items()})
    assert found is not None
    return found


changes = st.lists(st.builds(Changed, texts, counts, counts), max_size=20).map(tuple)
uncommitted = st.builds(Uncommitted, st.integers(0, 99), st.lists(texts, max_size=30).map(tuple), times)
commands = st.builds(Command, texts, counts, st.just(1.0), times, st.none())
gates = st.builds(
    Gate,
    st.sampled_from(["passed", "failed"]),
    oids,
    oids,
    oids,
    st.booleans(),
    st.lists(commands, max_size=9).map(tuple),
)


def works_of(session: Session) -> st.SearchStrategy[Work]:
    """Everything that may be known of a session."""
    return st.builds(
        Work,
        session=st.just(session),
        view=st.just(derive(session, Seen(session.head, worktree=True), session.updated_at)),
        summary=texts,
        next_steps=st.lists(texts, max_size=4).map(tuple),
        report_lost=st.booleans(),
        landed_files=st.one_of(st.none(), changes),
        files=st.one_of(st.none(), changes),
        ahead=counts,
        behind=counts,
        target_at=st.one_of(st.none(), times),
        uncommitted=st.one_of(st.none(), uncommitted),
        branch_gone=st.one_of(st.none(), oids),
        queued_at=st.one_of(st.none(), times),
        gate=st.one_of(st.none(), gates),
    )


notes = st.builds(
    Note,
    id=texts,
    kind=st.sampled_from(KINDS),
    text=texts,
    why=st.one_of(st.none(), texts),
    session=st.one_of(st.none(), st.just(f"{0:032x}"), texts),
    by=st.one_of(st.none(), st.just(f"s:{0:032x}"), texts),
    at=times,
)
hunk_lines = st.builds(lambda sign, text: sign + text.replace("\n", " "), st.sampled_from("+- "), texts)
snippets = st.builds(
    Snippet, texts, oids, texts, st.lists(hunk_lines, min_size=1, max_size=12).map(tuple), st.booleans()
)


@st.composite
def all_facts(draw: st.DrawFn) -> Facts:
    """A whole hand-off's facts; sometimes the same ones hundreds of times over."""
    count = draw(st.integers(0, 3))
    works = [draw(works_of(draw(session_records(number=number)))) for number in range(count)]
    noted = draw(st.lists(notes, max_size=4))
    many = draw(st.sampled_from([1, 1, 7, 100]))
    return Facts(
        tip="e" * 40,
        as_of=AT,
        works=tuple(works * many),
        notes=tuple(noted * many),
        moved=tuple(draw(st.lists(st.builds(MovedTarget, texts, oids, st.none() | oids, times), max_size=2))),
        snippets=tuple(draw(st.lists(snippets, max_size=3))),
        shallow=draw(st.booleans()),
    )
