"""Occasions: what a session comes to that somebody should hear of, each of them once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Literal

from ccc.domain.life import Life
from ccc.domain.sessions import Session
from ccc.domain.status import FAILED, StatusView
from ccc.ids import digest
from ccc.records import dataclass

Word = Literal[
    "waiting",
    "limited",
    "paused",
    "verified",
    "unchecked",
    "completed",
    "blocked",
    "failed",
    "stopped",
    "lost",
    "message",
]
"""What can be told: statuses of CONTRACT §2, and `message` for words to the people and denied tools."""

DEFAULT: tuple[Word, ...] = (
    "waiting",
    "limited",
    "paused",
    "verified",
    "unchecked",
    "blocked",
    "failed",
    "lost",
)
"""What is told unless configured: not what a person has just done (stopped, completed), nor messages."""

OUTCOMES = frozenset(
    {"limited", "verified", "unchecked", "completed", "blocked", "failed", "stopped", "lost"}
)
"""Statuses that are occasions by themselves; what waits for an answer is told request by request."""


@dataclass(frozen=True)
class Occasion:
    """`id` (32 hex digits) is the same however often it is looked for; `word` is a `Word`.

    `since` is RFC 3339 UTC, `command` the exact next command for a person.
    """

    id: str
    word: str
    session: str
    name: str
    title: str
    text: str
    since: str
    command: str


def outcome_key(session: Session, life: Life | None, view: StatusView, status: str) -> str:
    """What tells this outcome of a session from its next one; the same after the session was closed.

    `status` is that of before the closing. Outcomes at a commit are told apart by when they were found out,
    ends of a run by its number.
    """
    checked, landed = session.verification, session.landed
    if status in ("verified", "unchecked") and checked is not None:
        mark = checked.at
    elif status == "completed" and landed is not None:
        mark = landed.commit
    elif status in FAILED:
        mark = str(session.run.number if life is None else life.run)
    else:
        mark = view.since
    return f"{session.id} {status} {mark}"


def identifier(key: str) -> str:
    """The id of an occasion, by what tells it from others."""
    return digest("sha256", f"occasion\n{key}".encode("utf-8", "replace"))[:32]


def arising(
    current: Iterable[Occasion], begun: Mapping[str, str], told: Collection[str]
) -> tuple[Occasion, ...]:
    """Those that are still to be told: not `told` (ids), of words in `begun`, and not older than its moment.

    `begun` says from when on occasions of a word are told: whoever asks to be told now is not told of
    everything that was before.
    """
    new = (each for each in current if each.id not in told and each.word in begun)
    return tuple(each for each in new if each.since >= begun[each.word])
