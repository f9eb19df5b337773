"""What agents used: tokens and money as runs told them, split into days, and sums of any selection.

A run records what it used so far, never an increment, so repeated and reordered events change nothing:
`spent.<run>` is the run's whole, `upto.<run>.<day>` what of it was told by the end of an earlier UTC day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any

from ccc.domain.canonical import Value
from ccc.domain.sessions import WORKED
from ccc.records import dataclass

if TYPE_CHECKING:
    from ccc.domain.cells import Cell, Cells
    from ccc.domain.sessions import Session

SPENT, UPTO = "spent.", "upto."
MODEL, OTHERS, DAY = "model", "others", "day"
DEPTH = 100
"""Parents that are followed to the person who began it all; more is a circle."""


@dataclass(frozen=True)
class Amount:
    """Tokens and micro-dollars. `input` is all input, that read from and written to a cache among it.

    Of cache and money None is unknown; `unpriced` are tokens for which no money was told, so money is
    "at least" where there are any.
    """

    input: int = 0
    output: int = 0
    cache_read: int | None = None
    cache_write: int | None = None
    micro_usd: int | None = None
    unpriced: int = 0

    def __add__(self, other: Amount) -> Amount:
        return _each(self, other, lambda one, two: one + two)

    def __sub__(self, other: Amount) -> Amount:
        """What is more in this one; nothing where it is less: a figure was corrected."""
        return _each(self, other, lambda one, two: max(0, one - two))

    @property
    def tokens(self) -> int:
        """Input and output."""
        return self.input + self.output


NOTHING = Amount()
FIELDS = ("input", "output", "cache_read", "cache_write", "micro_usd", "unpriced")


def _each(one: Amount, two: Amount, act: Callable[[int, int], int]) -> Amount:
    """Field by field; what only one of them knows counts, what neither knows stays unknown."""

    def sure(name: str) -> int:
        return act(getattr(one, name) or 0, getattr(two, name) or 0)

    def known(name: str) -> int | None:
        return None if getattr(one, name) is None and getattr(two, name) is None else sure(name)

    return Amount(
        sure("input"),
        sure("output"),
        known("cache_read"),
        known("cache_write"),
        known("micro_usd"),
        sure("unpriced"),
    )


@dataclass(frozen=True)
class Usage:
    """An amount and how much of it went to models other than the main one."""

    total: Amount = NOTHING
    model: str | None = None
    others: Mapping[str, Amount] = field(default_factory=dict)

    def __add__(self, other: Usage) -> Usage:
        """Both; what another main model did counts for that."""
        model = self.model or other.model
        others = dict(self.others)
        for name, amount in other.by_model().items():
            if name is not None and name != model:
                others[name] = others.get(name, NOTHING) + amount
        return Usage(self.total + other.total, model, others)

    def __sub__(self, earlier: Usage) -> Usage:
        """What came after an earlier state of the same run."""
        others = {name: amount - earlier.others.get(name, NOTHING) for name, amount in self.others.items()}
        return Usage(self.total - earlier.total, self.model, others)

    def by_model(self) -> dict[str | None, Amount]:
        """Each model's part; the main one's is what the others leave."""
        rest = self.total
        for amount in self.others.values():
            rest -= amount
        found: dict[str | None, Amount] = {self.model: rest}
        return found | dict(self.others)


@dataclass(frozen=True)
class Row:
    """What a run used of a model on a day (`2026-10-03`, UTC), as a session keeps it."""

    run: int
    day: str
    model: str | None
    amount: Amount


@dataclass(frozen=True)
class Piece:
    """What one session used of a model on a day, and whom it counts for; `plan` is not known yet."""

    session: str
    role: str
    person: str | None
    day: str
    model: str | None
    amount: Amount
    plan: str | None = None


Key = Callable[[Piece], str | None]


def value_of(usage: Usage) -> dict[str, Value]:
    """The usage as recorded; what is unknown or nothing is left out, but for what older ccc look for."""
    found = _amount_value(usage.total)
    if usage.model is not None:
        found[MODEL] = usage.model
    others = {name: _amount_value(amount) for name, amount in usage.others.items() if amount != NOTHING}
    return {**found, **({OTHERS: others} if others else {})}


def _amount_value(amount: Amount) -> dict[str, Value]:
    always = ("input", "output", "micro_usd")
    return {name: value for name, value in vars(amount).items() if name in always or value}


def usage_in(value: Mapping[str, Any]) -> Usage:
    """The usage recorded so by this or another ccc."""
    model, others = value.get(MODEL), value.get(OTHERS)
    parts = others if isinstance(others, Mapping) else {}
    return Usage(
        _amount_in(value),
        model if isinstance(model, str) else None,
        {name: _amount_in(each) for name, each in parts.items() if isinstance(each, Mapping)},
    )


def _amount_in(value: Mapping[str, Any]) -> Amount:
    """An older ccc told no `unpriced`: without money all of it was."""
    found = {name: value[name] for name in FIELDS if isinstance(value.get(name), int)}
    if found.get("micro_usd") is None and "unpriced" not in found:
        found["unpriced"] = found.get("input", 0) + found.get("output", 0)
    return Amount(**found)


def rows_in(cells: Cells) -> tuple[Row, ...]:
    """What each run used on each day, oldest first; a run that told no day counts for that of its record."""
    rows: list[Row] = []
    for name, (stamp, value) in cells.items():
        run = name.removeprefix(SPENT)
        if not name.startswith(SPENT) or not run.isdecimal() or not isinstance(value, Mapping):
            continue
        before = Usage()
        for day, usage in _states(cells, run, value, stamp):
            parts = (usage - before).by_model().items()
            rows += [
                Row(int(run), day, model, amount) for model, amount in parts if amount.tokens or _paid(amount)
            ]
            before = usage
    return tuple(sorted(rows, key=lambda row: (row.run, row.day, row.model or "")))


def _paid(amount: Amount) -> bool:
    return bool(amount.micro_usd)


def _states(cells: Cells, run: str, value: Mapping[str, Any], stamp: str) -> list[tuple[str, Usage]]:
    """What a run had used by the end of each of its days, the last one's being its whole."""
    start = f"{UPTO}{run}."
    last = str(value.get(DAY) or f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}")
    earlier = {
        name.removeprefix(start): usage_in(each)
        for name, (_, each) in cells.items()
        if name.startswith(start) and isinstance(each, Mapping)
    }
    known = sorted((day, usage) for day, usage in earlier.items() if day < last)
    return [*known, (last, usage_in(value))]


def pieces(sessions: Iterable[Session], people: Mapping[str, str | None] | None = None) -> list[Piece]:
    """What all of these sessions used; `people` as `people_of` gives them, by default of these sessions."""
    everyone = list(sessions)
    whose = people_of({each.id: each.created_by for each in everyone}) if people is None else people
    return [
        Piece(each.id, each.role, whose.get(each.id), row.day, row.model, row.amount)
        for each in everyone
        for row in rows_of(each.spent)
    ]


def people_of(makers: Mapping[str, str | None]) -> dict[str, str | None]:
    """Session id to the person (`Name <mail>`) who began it, or began the session that did; None: unknown.

    `makers`: session id to who made it, `s:<id>` for another session.
    """
    found: dict[str, str | None] = {}
    for identifier, maker in makers.items():
        who = maker
        for _ in range(DEPTH):
            if who is None or not who.startswith("s:"):
                break
            who = makers.get(who[2:])
        found[identifier] = None if who is None or who.startswith("s:") else who
    return found


def total(found: Iterable[Piece]) -> Amount:
    """All of it."""
    amount = NOTHING
    for piece in found:
        amount += piece.amount
    return amount


def by(found: Iterable[Piece], key: Key) -> dict[str | None, Amount]:
    """Sums by whatever `key` says of a piece; their sum is the total."""
    sums: dict[str | None, Amount] = {}
    for piece in found:
        name = key(piece)
        sums[name] = sums.get(name, NOTHING) + piece.amount
    return sums


def since(found: Iterable[Piece], day: str) -> list[Piece]:
    """What was used on this UTC day and later."""
    return [piece for piece in found if piece.day >= day]


def of(
    found: Iterable[Piece],
    *,
    session: str | None = None,
    role: str | None = None,
    person: str | None = None,
    day: str | None = None,
) -> Amount:
    """What was used by whom and when; whatever is left out does not count."""
    wanted = {"session": session, "role": role, "person": person, "day": day}
    asked = {name: value for name, value in wanted.items() if value is not None}
    return total(
        piece for piece in found if all(getattr(piece, name) == value for name, value in asked.items())
    )


@dataclass
class Book:
    """What one run used, as its host keeps it: processes that ended, the present one, what was told when."""

    before: Usage = field(default_factory=Usage)
    now: Usage = field(default_factory=Usage)
    day: str | None = None
    told: Usage = field(default_factory=Usage)
    anything: bool = False

    def use(self, usage: Usage) -> None:
        """What the present process used so far."""
        self.now, self.anything = usage, True

    def another_process(self) -> None:
        """The next process counts from zero."""
        self.before, self.now = self.before + self.now, Usage()

    @property
    def usage(self) -> Usage:
        """What the run used so far."""
        return self.before + self.now

    @property
    def is_told(self) -> bool:
        """Whether nothing was used since it was told last."""
        return self.usage == self.told

    def cells(self, run: int, today: str, more: Mapping[str, Value]) -> dict[str, Value]:
        """The cells that would record it, with `more` about the last turn; none before anything is known.

        The first of a new day also say what there was by the end of the day before.
        """
        if not self.anything:
            return {}
        day = max(today, self.day or today)
        cells: dict[str, Value] = {f"{SPENT}{run}": {**value_of(self.usage), **more, DAY: day}}
        if self.day is not None and self.day < day:
            cells[f"{UPTO}{run}.{self.day}"] = value_of(self.told)
        return cells

    def tell(self, run: int, today: str, more: Mapping[str, Value]) -> dict[str, Value]:
        """The same, recorded now."""
        cells = self.cells(run, today, more)
        if cells:
            self.day, self.told = max(today, self.day or today), self.usage
        return cells


def unrecorded(left: Mapping[str, Any], recorded: Cells) -> dict[str, Value]:
    """Of the cells that a dead host left in a file, those that say more than what is recorded."""
    return {
        name: value
        for name, value in left.items()
        if name.startswith((SPENT, UPTO, WORKED)) and _says_more(value, recorded.get(name))
    }


def _says_more(value: Any, cell: Cell | None) -> bool:
    """Figures only grow: what says less is older."""
    known = None if cell is None else cell[1]
    if isinstance(value, int):
        return value > (known if isinstance(known, int) else 0)
    return isinstance(value, Mapping) and _measure(value) > (
        _measure(known) if isinstance(known, Mapping) else (0, 0)
    )


def _measure(value: Mapping[str, Any]) -> tuple[int, int]:
    total = usage_in(value).total
    return total.tokens, total.micro_usd or 0


def row_values(rows: Sequence[Row]) -> list[list[Value]]:
    """Rows as lists, for records and caches."""
    return [[row.run, row.day, row.model, *(getattr(row.amount, name) for name in FIELDS)] for row in rows]


def rows_of(values: Iterable[Sequence[Any]]) -> tuple[Row, ...]:
    """The rows in such lists. Raises TypeError, ValueError for anything else."""
    return tuple(Row(run, day, model, Amount(*amount)) for run, day, model, *amount in values)


def condensed(rows: Iterable[Row]) -> tuple[Row, ...]:
    """The same without runs: one row a day and model, as run 0."""
    sums: dict[tuple[str, str | None], Amount] = {}
    for row in rows:
        key = row.day, row.model
        sums[key] = sums.get(key, NOTHING) + row.amount
    found = [Row(0, day, model, amount) for (day, model), amount in sums.items()]
    return tuple(sorted(found, key=lambda row: (row.day, row.model or "")))
