"""Sessions as rows of JSON, quicker to read back than their cells are to parse."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from ccc.domain import sessions
from ccc.domain.cells import Cells
from ccc.domain.columns import Column, fold, unfold
from ccc.domain.sessions import (
    Claim,
    Closed,
    Command,
    Exhausted,
    Landed,
    Limits,
    Question,
    Rejection,
    Request,
    Run,
    Session,
    Spending,
    Verification,
)
from ccc.domain.starts import Ground, Start
from ccc.domain.undone import Undone
from ccc.records import complete

_Record = TypeVar("_Record")
_PARTS: dict[str, type] = {
    "run": Run,
    "claim": Claim,
    "rejection": Rejection,
    "landed": Landed,
    "closed": Closed,
    "request": Request,
    "exhausted": Exhausted,
    "start": Start,
    "undone": Undone,
}
_SUMS: dict[str, tuple[type, Any]] = {"spending": (Spending, Spending()), "limits": (Limits, Limits())}


class SessionRows:
    """The codec of sessions (store/parsing.py). Columns are the fields of Session in their order."""

    kind = sessions.KIND
    signature = " ".join(
        f"{each.__name__}:{','.join(each.__annotations__)}"
        for each in (Session, Verification, Command, Question, Ground, Spending, Limits, *_PARTS.values())
    )

    def order(self, thing: Session | None) -> tuple[str, ...]:
        """Oldest first, then by id."""
        return ("",) if thing is None else (thing.created_at, thing.id)

    def parse(self, identifier: str, cells: Cells) -> Session | None:
        """The session of a stream; None where the stream is only a stub."""
        return sessions.from_cells(identifier, cells)

    def encode(self, things: Sequence[Session | None]) -> dict[str, Any]:
        """The fields by column, records among them as lists of theirs."""
        names = Session.__annotations__
        return fold(
            [None if each is None else [_encoded(getattr(each, name)) for name in names] for each in things]
        )

    def decode(self, document: dict[str, Any]) -> list[Session | None]:
        """The sessions again. Raises TypeError, ValueError, KeyError or IndexError for anything else."""
        return unfold(document, _fields(Session), _records, lambda values: _record(Session, values))


def _records(columns: dict[str, Column]) -> None:
    for name, kind in _PARTS.items():
        columns[name] = [None if row is None else _record(kind, row) for row in columns[name]]
    for name, (kind, usual) in _SUMS.items():
        columns[name] = [_record(kind, row) if any(row) else usual for row in columns[name]]
    columns["verification"] = [
        None if row is None else _verification(*row) for row in columns["verification"]
    ]
    columns["spent"] = [tuple(map(tuple, row)) if row else () for row in columns["spent"]]
    columns["after"] = [tuple(row) for row in columns["after"]]
    columns["grounds"] = [tuple(_record(Ground, each) for each in row) for row in columns["grounds"]]
    columns["questions"] = [tuple(_question(*each) for each in row) for row in columns["questions"]]


def _verification(commit: str, state: str, commands: Iterable[Any], at: str) -> Verification:
    return Verification(commit, state, tuple(_record(Command, command) for command in commands), at)


def _question(identifier: str, text: str, choices: Iterable[str], at: str) -> Question:
    return Question(identifier, text, tuple(choices), at)


_NAMES: dict[type, tuple[str, ...]] = {}


def _fields(kind: type) -> tuple[str, ...]:
    if kind not in _NAMES:
        complete(kind)
        _NAMES[kind] = tuple(kind.__annotations__)
    return _NAMES[kind]


def _record(kind: type[_Record], values: Iterable[Any]) -> _Record:
    """An instance with these fields, in their order: half the time of calling a frozen class."""
    made = object.__new__(kind)
    made.__dict__.update(zip(_fields(kind), values, strict=True))
    return made


def _encoded(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_encoded(each) for each in value]
    return [_encoded(each) for each in vars(value).values()] if hasattr(value, "__dict__") else value


ROWS = SessionRows()
