"""Sums of what agents used: whatever the order of events, repeats, resumes and restarts, each token once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from ccc.domain import spending
from ccc.domain.cells import Cells, join
from ccc.domain.sessions import SPENT, Session, from_cells
from ccc.domain.spending import Amount, Book, Piece, Usage

DAYS = ("2026-10-03", "2026-10-04", "2026-10-07")
MODELS = ("big", "small")


@dataclass(frozen=True)
class Turn:
    """A turn's end: what it used of each model, on which day; whether its process then dies, or its run."""

    parts: dict[str, Amount]
    day: str
    then: str


amounts = st.builds(
    lambda fresh, read, output, usd: Amount(fresh + read, output, read, 0, usd, 0),
    *(st.integers(0, 1000) for _ in range(4)),
)
turns = st.builds(
    Turn,
    st.dictionaries(st.sampled_from(MODELS), amounts, min_size=1),
    st.sampled_from(DAYS),
    st.sampled_from(("", "", "dies", "is resumed")),
)
lives = st.lists(turns, min_size=1, max_size=12).map(lambda found: sorted(found, key=lambda turn: turn.day))


def usage(parts: dict[str, Amount]) -> Usage:
    whole = reduce(Amount.__add__, parts.values(), spending.NOTHING)
    main = "big" if "big" in parts else "small"
    return Usage(whole, main, {name: amount for name, amount in parts.items() if name != main})


def told(life: list[Turn]) -> list[Cells]:
    """The cells of each event of a session whose runs lived so, in the order in which hosts told them."""
    events: list[Cells] = []
    run, book, process = 1, Book(), Usage()
    for number, turn in enumerate(life):
        process += usage(turn.parts)
        book.use(process)
        stamp = f"{turn.day.replace('-', '')}T120000.000+{number:03d}.a"
        cells = book.tell(run, turn.day, {"context": number, "context_limit": None})
        events.append({name: (stamp, value) for name, value in cells.items()})
        if turn.then == "dies":
            book.another_process()
            process = Usage()
        elif turn.then == "is resumed":
            run, book, process = run + 1, Book(), Usage()
    return events


def session_of(events: list[Cells], identifier: str = "7f" * 16, by: str | None = None) -> Session:
    stamp = "20261003T120000.000+000.a"
    first: Cells = {name: (stamp, name) for name in ("name", "branch", "role")}
    made = from_cells(identifier, reduce(join, events, first))
    assert made is not None
    return replace(made, created_by=by)


def pieces(life: list[Turn]) -> list[Piece]:
    return spending.pieces([session_of(told(life))])


def expected(life: list[Turn], day: str | None = None) -> Amount:
    parts = [amount for turn in life if day in (None, turn.day) for amount in turn.parts.values()]
    return reduce(Amount.__add__, parts, spending.NOTHING)


def same(one: Amount, two: Amount) -> bool:
    """Equal, where nothing of a cache and no cache are the same."""
    return all((getattr(one, name) or 0) == (getattr(two, name) or 0) for name in spending.FIELDS)


@given(lives)
def test_each_token_counts_once_on_the_day_it_was_told(life: list[Turn]) -> None:
    found = pieces(life)
    assert same(spending.total(found), expected(life))
    for day in DAYS:
        assert same(spending.of(found, day=day), expected(life, day))


@given(lives)
def test_each_model_has_its_part(life: list[Turn]) -> None:
    sums = spending.by(pieces(life), lambda piece: piece.model)
    for model in MODELS:
        own = [turn.parts.get(model, spending.NOTHING) for turn in life]
        assert same(sums.get(model, spending.NOTHING), reduce(Amount.__add__, own))


@given(lives, st.randoms(use_true_random=False))
def test_order_and_repetition_of_events_change_nothing(life: list[Turn], chance: object) -> None:
    events = told(life)
    shuffled = [*events, *events[::2]]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis names no type for it
    assert session_of(shuffled).spent == session_of(events).spent


@given(st.lists(lives, min_size=1, max_size=4))
def test_the_parts_of_every_grouping_are_the_whole(all_lives: list[list[Turn]]) -> None:
    found = spending.pieces(session_of(told(life), f"{number:032x}") for number, life in enumerate(all_lives))
    whole = spending.total(found)
    for name in ("session", "role", "person", "day", "model", "plan"):
        sums = spending.by(found, lambda piece, name=name: getattr(piece, name))  # type: ignore[misc]
        assert reduce(Amount.__add__, sums.values(), spending.NOTHING) == whole


@given(lives)
def test_a_session_costs_what_its_status_says(life: list[Turn]) -> None:
    session = session_of(told(life))
    whole = spending.total(spending.pieces([session]))
    now = session.spending
    assert (now.input, now.output, now.micro_usd) == (whole.input, whole.output, whole.micro_usd or 0)


@given(lives)
def test_a_retired_session_keeps_its_days_and_models(life: list[Turn]) -> None:
    rows = spending.rows_of(session_of(told(life)).spent)
    short = spending.rows_of(spending.row_values(spending.condensed(rows)))
    sums = [reduce(Amount.__add__, (row.amount for row in each), spending.NOTHING) for each in (rows, short)]
    assert sums[0] == sums[1]
    assert {(row.day, row.model) for row in short} == {(row.day, row.model) for row in rows}


@given(lives)
def test_an_older_ccc_can_read_every_cell(life: list[Turn]) -> None:
    for event in told(life):
        for name, (_, value) in event.items():
            assert not name.startswith(SPENT) or int(name.removeprefix(SPENT)) > 0
            assert isinstance(value, dict)
            assert {"input", "output", "micro_usd"} <= value.keys()


def test_what_an_older_ccc_told_counts_for_the_day_of_its_record_and_without_money_is_unpriced() -> None:
    old = {"input": 30, "output": 3, "micro_usd": None, "context": 5, "context_limit": None}
    session = session_of([{"spent.1": ("20261005T235959.999+000.a", old)}])
    (piece,) = spending.pieces([session])
    assert (piece.day, piece.amount) == ("2026-10-05", Amount(30, 3, unpriced=33))


def test_no_money_told_is_unknown_and_beside_known_money_still_said() -> None:
    free, paid = Amount(10, 1, unpriced=11), Amount(20, 2, micro_usd=500)
    assert (free + free).micro_usd is None
    assert free + paid == Amount(30, 3, micro_usd=500, unpriced=11)


def test_of_what_a_dead_host_left_only_what_is_more_counts() -> None:
    left = {"spent.1": {"input": 9, "output": 0}, "worked.1.2026-10-03": 7, "run.1": {"status": "idle"}}
    for more, said in (({"input": 8}, True), ({"input": 9}, False), ({"input": 10}, False)):
        recorded: Cells = {"spent.1": ("20261003T120000.000+000.a", more), "worked.1.2026-10-03": ("", 6)}
        found = spending.unrecorded(left, recorded)
        assert found == {"worked.1.2026-10-03": 7, **({"spent.1": left["spent.1"]} if said else {})}
    assert spending.unrecorded(left, {}).keys() == {"spent.1", "worked.1.2026-10-03"}


def test_a_clock_that_goes_back_takes_nothing_away() -> None:
    book = Book()
    cells: dict[str, object] = {}
    for used, day in ((5, "2026-10-04"), (9, "2026-10-03"), (12, "2026-10-05")):
        book.use(Usage(Amount(used, 0, micro_usd=0)))
        cells |= book.tell(1, day, {})
    session = session_of([{name: ("20261005T000000.000+000.a", value) for name, value in cells.items()}])  # type: ignore[misc]
    days = spending.by(spending.pieces([session]), lambda piece: piece.day)
    assert {day: amount.input for day, amount in days.items()} == {"2026-10-04": 9, "2026-10-05": 3}


def test_a_session_counts_for_the_person_who_began_the_one_that_began_it() -> None:
    makers = {"a": "Lead <l@example.com>", "b": "s:a", "c": "s:b", "d": "s:gone", "e": "s:f", "f": "s:e"}
    people = spending.people_of({**makers, "g": None})
    assert people == {**dict.fromkeys("abc", "Lead <l@example.com>"), **dict.fromkeys("defg")}
