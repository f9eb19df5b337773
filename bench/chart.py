"""Small charts as SVG: one above the other, with a common logarithmic axis of events."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT = 760, 74, 172
HEIGHT, ABOVE, BELOW = 190, 34, 26
"""Of one chart, with the room for its title and its ticks; LEFT and RIGHT are that for words beside it."""

FOOT = 30
INK, GRID, OURS, BESIDE, LIMIT = "#24292f", "#d8dee4", "#0550ae", "#6e7781", "#cf222e"


@dataclass(frozen=True)
class Line:
    """A value at each number of events, or at the last ones; yardsticks are thin, budgets dashed."""

    label: str
    values: Sequence[float]
    kind: str = "ours"

    @property
    def style(self) -> str:
        """SVG attributes of the stroke."""
        colour = {"ours": OURS, "tail": OURS, "beside": BESIDE, "budget": LIMIT}[self.kind]
        width = 2.5 if self.kind == "ours" else 1.25
        dash = {"budget": ' stroke-dasharray="6 4"', "tail": ' stroke-dasharray="1.5 3"'}.get(self.kind, "")
        return f'stroke="{colour}" stroke-width="{width}"{dash}'

    @property
    def colour(self) -> str:
        """Of its label."""
        return {"beside": BESIDE, "budget": LIMIT}.get(self.kind, OURS)


@dataclass(frozen=True)
class Chart:
    """A title that names the unit, its lines, and whether the vertical axis is logarithmic."""

    title: str
    lines: Sequence[Line]
    logarithmic: bool = False


def page(charts: Sequence[Chart], events: Sequence[int], axis: str) -> str:
    """The charts above each other, as an SVG document."""
    height = len(charts) * HEIGHT + FOOT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}"'
        f' height="{height}" font-family="system-ui, sans-serif" font-size="12" fill="{INK}">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
    ]
    for number, chart in enumerate(charts):
        parts += _chart(chart, events, number * HEIGHT)
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts += [_text(middle, height - 10, axis, anchor="middle"), "</svg>"]
    return "\n".join(parts) + "\n"


def _chart(chart: Chart, events: Sequence[int], top: float) -> list[str]:
    low, high, ticks = _range(chart)
    floor, ceiling = top + HEIGHT - BELOW, top + ABOVE
    along = _across(events)

    def up(value: float) -> float:
        share = (_scaled(value, chart) - _scaled(low, chart)) / (_scaled(high, chart) - _scaled(low, chart))
        return floor - share * (floor - ceiling)

    parts = [_text(LEFT, top + 20, chart.title, weight="600")]
    for tick in ticks:
        parts.append(_rule(LEFT, up(tick), WIDTH - RIGHT, up(tick)))
        parts.append(_text(LEFT - 8, up(tick) + 4, f"{tick:,g}", anchor="end"))
    for count in _decades(events):
        parts.append(_rule(along(count), ceiling, along(count), floor))
        parts.append(_text(along(count), floor + 16, f"{count:,}", anchor="middle"))
    for line in chart.lines:
        counts = events[-len(line.values) :]
        places = [f"{along(n):.1f},{up(v):.1f}" for n, v in zip(counts, line.values, strict=True)]
        parts.append(f'<polyline points="{" ".join(places)}" fill="none" {line.style}/>')
        if line.kind == "ours":
            parts += [
                f'<circle cx="{place.split(",")[0]}" cy="{place.split(",")[1]}" r="3" fill="{OURS}"/>'
                for place in places
            ]
    return parts + _labels(chart, up)


def _labels(chart: Chart, up: Callable[[float], float]) -> list[str]:
    """Each line's name at its right end, moved apart where they would touch."""
    parts, last = [], -math.inf
    for line in sorted(chart.lines, key=lambda line: up(line.values[-1])):
        last = max(up(line.values[-1]) + 4, last + 14)
        parts.append(_text(WIDTH - RIGHT + 8, last, line.label, colour=line.colour))
    return parts


def _across(events: Sequence[int]) -> Callable[[int], float]:
    """Where a number of events lies: logarithmic; none lies one decade before the first."""
    first = min(count for count in events if count)
    low, high = math.log10(first) - 1, math.log10(max(events))

    def along(count: int) -> float:
        share = ((math.log10(count) if count else low) - low) / (high - low)
        return LEFT + share * (WIDTH - RIGHT - LEFT)

    return along


def _decades(events: Sequence[int]) -> list[int]:
    return [count for count in events if count == 0 or math.log10(count).is_integer()]


def _scaled(value: float, chart: Chart) -> float:
    return math.log10(value) if chart.logarithmic else value


def _range(chart: Chart) -> tuple[float, float, list[float]]:
    """The ends of the vertical axis, and its ticks."""
    values = [value for line in chart.lines for value in line.values]
    if chart.logarithmic:
        low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
        return 10.0**low, 10.0**high, [10.0**power for power in range(low, high + 1)]
    step = _step(max(values))
    count = math.ceil(max(values) / step)
    return 0.0, count * step, [number * step for number in range(count + 1)]


def _step(highest: float) -> float:
    """A round number that parts the axis into three to six."""
    size = 10.0 ** math.floor(math.log10(highest))
    return next(size * share for share in (0.2, 0.25, 0.5, 1.0, 2.0) if highest / (size * share) <= 5)


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{GRID}"/>'


def _text(
    x: float, y: float, words: str, *, anchor: str = "start", weight: str = "400", colour: str = INK
) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}" fill="{colour}"'
    return f"<text {place}>{escape(words)}</text>"
