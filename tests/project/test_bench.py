"""`make bench`: what ends it with 1, the chart of growth, and that every benchmark still runs."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest

from bench.__main__ import MODULES, main, verdict
from bench.growth import Point, drawn, results
from bench.harness import QUICK, Result, Scale, in_turns
from tests.support.program import PROJECT

USUAL = Scale()
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("value", "words"), [(80.0, "ok"), (80.1, "above"), (120.0, "above"), (120.1, "FAILS")]
)
def test_a_figure_fails_above_one_and_a_half_times_its_budget(value: float, words: str) -> None:
    assert verdict(Result("status", value, 80.0, "ms"), USUAL) == words


def test_times_of_a_quick_run_fail_nothing_but_a_lost_event_does() -> None:
    assert not Result("status", 900.0, 80.0, "ms").fails(QUICK)
    lost = Result("lost", 1, 0.0, "events", exact=True)
    assert lost.fails(QUICK)
    assert not replace(lost, value=0).fails(QUICK)
    assert not replace(lost, budget=None, exact=False).fails(USUAL)


def test_things_measured_in_turns_begin_in_turn() -> None:
    order = []

    def work(name: str, number: int) -> float:
        order.append(f"{name}{number}")
        return float(number)

    times = in_turns(3, {"a": lambda number: work("a", number), "b": lambda number: work("b", number)})
    assert order == ["a0", "b0", "b1", "a1", "a2", "b2"]
    assert times == {"a": [0.0, 1.0, 2.0], "b": [0.0, 1.0, 2.0]}


def point(events: int, append: float = 1.5, library: float = 1.0) -> Point:
    return Point(events, append, 4.0, append, library, library, 75.0, 12.0, 1_000_000 + events * 700, None)


def test_growth_is_flat_where_appending_and_its_yardstick_slow_down_alike() -> None:
    slower = results([point(0), point(10_000, append=6.0, library=4.0)])
    assert [each.within for each in slower] == [False, *[True] * 7]
    steeper = results([point(0), point(10_000, append=3.0, library=1.0)])
    assert [each.value for each in steeper if "against none" in each.name] == [2.0]


def test_the_chart_names_units_and_budgets_and_keeps_inside_its_frame() -> None:
    picture = ElementTree.fromstring(drawn([point(0), point(1000), point(10_000), point(1_000_000)]))
    words = [text.text or "" for text in picture.iter(f"{SVG}text")]
    titles = [word for word in words if "millisecond" in word or "megabyte" in word]
    assert titles == [
        "Append one event, milliseconds",
        "git ccc status, a fresh process, milliseconds",
        "Events on disk after git gc, megabytes",
    ]
    assert {"budget 2 ms", "budget 80 ms", "budget 0.9 kB an event", "1,000,000"} <= set(words)
    width, height = float(picture.attrib["width"]), float(picture.attrib["height"])
    corners = [
        place.split(",") for line in picture.iter(f"{SVG}polyline") for place in line.attrib["points"].split()
    ]
    assert all(0 <= float(x) <= width and 0 <= float(y) <= height for x, y in corners)


def test_a_benchmark_that_does_not_exist_is_named_with_those_that_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["nothing"])
    assert ended.value.code == 2
    assert "no benchmark nothing: there are commit_overhead, " in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", MODULES)
def test_every_benchmark_prints_its_table(name: str) -> None:
    command = [sys.executable, "-m", "bench", name, "--quick"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=360)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = done.stdout.splitlines()
    assert any(" budget " in row for row in rows)
    assert not [row for row in rows if row.startswith("FAILS")]
