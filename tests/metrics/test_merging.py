"""`git ccc metrics merging`: how landings went, from the diary alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ccc.domain import mergefigures
from ccc.domain.events import Event
from ccc.domain.mergefigures import Figures

X, Y = "x" * 32, "y" * 32


def stamp(second: int) -> str:
    return f"20261003T12{second // 60:02}{second % 60:02}.000+000.abcdef"


def event(second: int, kind: str, session: str, changes: dict[str, Any] | None = None) -> Event:
    return Event(stamp(second), kind, "name", "text", changes or {}, session=session)


def reported(second: int, session: str, commit: str) -> Event:
    record = {"state": "done", "commit": commit, "how": "trailer", "why": ""}
    return event(second, "session.reported", session, {f"sessions/{session}": {"claim": record}})


def approved(second: int, session: str, head: str, base: str = "b") -> Event:
    record = {"by": "lead", "base": base, "head": head, "tree": f"t{base}{head}"}
    return event(second, "merge.approved", session, {f"merges/{session}": {f"ok.{second}": record}})


def landed(second: int, session: str, head: str, base: str = "b") -> Event:
    record = {"commit": "c", "base": base, "head": head, "tree": f"t{base}{head}", "target": "main"}
    return event(second, "session.landed", session, {f"sessions/{session}": {"landed": record}})


def conflict(second: int, session: str, a: str, kind: str = "appeared") -> Event:
    value = {"kind": "text"} if kind == "appeared" else None
    return event(second, f"conflict.{kind}", session, {f"conflicts/{session}": {f"{a}.replica": value}})


def gate(second: int, session: str, state: str, *, red: int = 0) -> Event:
    record = {"state": state, "base_red": red}
    return event(second, f"merge.gate-{state}", session, {f"merges/{session}": {"gate": record}})


def figures(*events: Event, since: str | None = None) -> Figures:
    return mergefigures.figures(events, since)


def test_a_report_counts_once_and_lasts_from_the_first_to_the_landing() -> None:
    found = figures(
        *(reported(0, X, "1"), reported(5, X, "1"), reported(10, X, "2"), landed(60, X, "2")),
        *(reported(100, X, "3"), landed(110, X, "3"), landed(120, Y, "4")),
    )
    assert (found.handoffs, found.landings, found.to_land) == (3, 3, (60.0, 10.0))


def test_a_hand_off_is_in_conflict_once_however_it_was_seen() -> None:
    seen_before = (conflict(0, X, "target:main"), reported(1, X, "1"))
    seen_after = (reported(2, Y, "2"), conflict(3, Y, "target:main"), event(4, "merge.handed-back", Y))
    mended = (event(5, "merge.resolved", X), reported(6, X, "3"), conflict(7, X, "target:main", "gone"))
    found = figures(*seen_before, *seen_after, *mended)
    assert (found.handoffs, found.in_conflict, found.resolved, found.pairs) == (3, 2, 1, 0)


def test_a_conflict_of_two_sessions_is_none_with_the_target() -> None:
    found = figures(reported(0, X, "1"), conflict(1, X, Y))
    assert (found.in_conflict, found.pairs) == (0, 1)


def test_an_approval_is_stale_once_what_it_was_of_has_become_another() -> None:
    again = (approved(0, X, "1"), approved(1, X, "2"), landed(2, X, "2"))
    assert (figures(*again).approvals, figures(*again).stale) == (2, 1)
    moved = (approved(0, X, "1"), approved(1, X, "1", base="c"), landed(2, X, "1", base="c"))
    assert figures(*moved).stale == 1
    carried = (approved(0, X, "1"), landed(2, X, "1", base="c"))
    assert figures(*carried).stale == 0
    two_people = (approved(0, X, "1"), approved(1, X, "1"), landed(2, X, "1"))
    assert (figures(*two_people).approvals, figures(*two_people).stale) == (2, 0)


def test_gates_and_what_was_before_are_told_apart() -> None:
    events = (
        *(gate(0, X, "failed"), gate(1, X, "failed", red=1), gate(2, X, "passed")),
        *(reported(3, X, "1"), landed(9, X, "1"), event(10, "merge.rejected", X)),
    )
    found = figures(*events)
    assert (found.gates_passed, found.gates_failed, found.base_red, found.rejected) == (1, 2, 1, 1)
    late = figures(*events, since=stamp(5))
    assert (late.gates_failed, late.handoffs, late.landings, late.to_land) == (0, 0, 1, (6.0,))


def test_flaky_gates_pairs_that_fail_together_and_targets_tried_alone_are_counted() -> None:
    flaky = replace(gate(0, X, "passed"), data={"flaky": ["make test"]})
    steady = replace(gate(1, X, "passed"), data={"flaky": []})
    alone = replace(gate(2, Y, "failed", red=1), type="target.gate-failed")
    found = figures(flaky, steady, gate(2, Y, "failed"), alone, event(3, "merge.clashed", X))
    assert (found.flaky, found.clashes, found.gates_failed, found.base_red) == (1, 1, 1, 1)


def test_quantiles_are_of_the_nearest_rank() -> None:
    assert mergefigures.quantile([], 0.5) is None
    assert [mergefigures.quantile(range(1, 11), share) for share in (0.5, 0.9)] == [5, 9]
