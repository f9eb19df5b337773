"""What agents used, summed up: tokens and money by session, role, plan, day, person or model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ccc.domain import spending
from ccc.domain.retired import Retired
from ccc.domain.sessions import Session
from ccc.domain.spending import Amount, Piece, rows_of
from ccc.ops.observe import all_sessions
from ccc.ops.retired import all_retired
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.store.protocol import State

BY = ("session", "role", "plan", "day", "person", "model")


@dataclass(frozen=True)
class Sum:
    """One row: what its pieces have in common (None: unknown, or none), its label, sessions, amount."""

    key: str | None
    label: str | None
    sessions: int
    amount: Amount


@dataclass(frozen=True)
class Cost:
    """Sums of what was used since the beginning of a UTC day, or ever.

    `untold` are sessions in which an agent worked whose engine has told nothing of what it used.
    """

    tip: str | None
    by: str
    since: str | None
    sums: tuple[Sum, ...]
    total: Sum
    untold: tuple[Session, ...]


@dataclass(frozen=True)
class Used:
    """Everything recorded of what was used: of the sessions there are, and of those that were retired."""

    pieces: tuple[Piece, ...]
    names: Mapping[str, str]
    untold: tuple[Session, ...]


def used(state: State) -> Used:
    """What all sessions of a state used."""
    sessions, gone = all_sessions(state), all_retired(state)
    makers = {each.id: each.created_by for each in gone} | {each.id: each.created_by for each in sessions}
    people = spending.people_of(makers)
    names = {each.id: each.name for each in gone} | {each.id: each.name for each in sessions}
    return Used(
        (*spending.pieces(sessions, people), *_pieces_of_retired(gone, people)),
        names,
        tuple(each for each in sessions if _told_nothing(each)),
    )


def _pieces_of_retired(gone: Iterable[Retired], people: Mapping[str, str | None]) -> list[Piece]:
    return [
        Piece(each.id, each.role, people.get(each.id), row.day, row.model, row.amount)
        for each in gone
        for row in rows_of(each.spent)
    ]


def _told_nothing(session: Session) -> bool:
    """Whether its engine spoke, without a figure."""
    return session.engine is not None and session.conversation is not None and not session.spent


def cost(workspace: Workspace, by: str, since: str | None = None) -> Cost:
    """Sums by one of BY; `since` names a day by a time in it, a cursor, an event or a commit.

    Raises NotFound, Ambiguous for an unknown moment, NotInitialised.
    """
    workspace.require()
    state = workspace.reader.state()
    day = None if since is None else day_of(workspace.reader.since(since))
    found = used(state)
    pieces = found.pieces if day is None else tuple(spending.since(found.pieces, day))
    untold = tuple(each for each in found.untold if day is None or each.updated_at[:10] >= day)
    return Cost(state.tip, by, day, sums(pieces, by, found.names), _sum(None, None, pieces), untold)


def day_of(stamp: str) -> str:
    """The UTC day of a stamp, as `2026-10-03`."""
    return f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}"


def sums(pieces: Sequence[Piece], by: str, names: Mapping[str, str]) -> tuple[Sum, ...]:
    """A row for each value; days in their order, all else by money and tokens, the most first."""
    groups: dict[str | None, list[Piece]] = {}
    for piece in pieces:
        groups.setdefault(getattr(piece, by), []).append(piece)
    found = [
        _sum(key, names.get(key or "", key) if by == "session" else key, each) for key, each in groups.items()
    ]
    if by == "day":
        return tuple(sorted(found, key=lambda each: each.key or ""))
    return tuple(sorted(found, key=_weight))


def _weight(row: Sum) -> tuple[int, int, str]:
    return -(row.amount.micro_usd or 0), -row.amount.tokens, row.label or ""


def _sum(key: str | None, label: str | None, pieces: Sequence[Piece]) -> Sum:
    return Sum(key, label, len({piece.session for piece in pieces}), spending.total(pieces))
