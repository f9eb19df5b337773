"""Sessions as rows of JSON, quicker to read back than their cells are to parse."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from ccc.domain import sessions
from ccc.domain.cells import Cells
from ccc.domain.sessions import (
    Claim,
    Closed,
    Command,
    Landed,
    Limits,
    Question,
    Rejection,
    Run,
    Session,
    Spending,
    Verification,
)
from ccc.records import complete

_Record = TypeVar("_Record")
_PARTS: dict[str, type] = {
    "run": Run,
    "claim": Claim,
    "rejection": Rejection,
    "landed": Landed,
    "closed": Closed,
}
_SUMS: dict[str, tuple[type, Any]] = {"spending": (Spending, Spending()), "limits": (Limits, Limits())}


class SessionRows:
    """The codec of sessions (store/parsing.py). A row has the fields of Session in their order."""

    kind = sessions.KIND
    signature = " ".join(
        f"{each.__name__}:{','.join(each.__annotations__)}"
        for each in (Session, Verification, Command, Question, Spending, Limits, *_PARTS.values())
    )

    def parse(self, identifier: str, cells: Cells) -> Session | None:
        """The session of a stream; None where the stream is only a stub."""
        return sessions.from_cells(identifier, cells)

    def encode(self, thing: Session | None) -> list[Any] | None:
        """The fields, records among them as lists of theirs."""
        return None if thing is None else [_encoded(getattr(thing, name)) for name in Session.__annotations__]

    def decode(self, row: list[Any] | None) -> Session | None:
        """The session of a row. Raises TypeError or ValueError for what `encode` did not write."""
        if row is None:
            return None
        fields = dict(zip(_fields(Session), row, strict=True))
        for name, kind in _PARTS.items():
            if fields[name] is not None:
                fields[name] = _record(kind, fields[name])
        for name, (kind, usual) in _SUMS.items():
            fields[name] = _record(kind, fields[name]) if any(fields[name]) else usual
        if fields["verification"] is not None:
            commit, state, commands, at = fields["verification"]
            fields["verification"] = Verification(commit, state, tuple(Command(*c) for c in commands), at)
        fields["after"] = tuple(fields["after"])
        fields["questions"] = tuple(
            Question(identifier, text, tuple(choices), at)
            for identifier, text, choices, at in fields["questions"]
        )
        return _record(Session, fields.values())


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
