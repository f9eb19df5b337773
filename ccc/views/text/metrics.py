"""Figures as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ccc.domain.spending import Amount
from ccc.ops.metrics.cost import Cost, Sum
from ccc.ops.metrics.overview import Overview, Spread
from ccc.ops.metrics.top import Top, Use
from ccc.text import cut, display_width, pad, printable
from ccc.views.styling import Styling
from ccc.views.text.ages import age

NAMELESS = {
    "session": "(no session)",
    "role": "(no role)",
    "plan": "(no plan)",
    "day": "(no day)",
    "person": "(unknown)",
    "model": "(not told)",
}
HEADINGS = ("sessions", "input", "cached", "output", "usd")
NAME_COLUMNS = 40
FEW_NAMES = 5


def table(rows: Sequence[Sequence[str]], look: Styling, *, left: int = 1) -> Iterator[str]:
    """Cells under headings (the first row), numbers to the right; `left` columns are text."""
    widths = [max(map(display_width, column)) for column in zip(*rows, strict=True)]
    for number, row in enumerate(rows):
        cells = [
            pad(cell, width) if column < left else " " * (width - display_width(cell)) + cell
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        line = "  ".join(cells).rstrip()
        yield look.style(line, "heading") if number == 0 else line


def cost_text(cost: Cost, look: Styling) -> str:
    """A row for each value, the total, and what is not known."""
    return "\n".join(_cost(cost, look))


def _cost(cost: Cost, look: Styling) -> Iterator[str]:
    if cost.sums:
        yield from _sums(cost.sums, cost.total, cost.by, look)
    else:
        yield f"nothing is recorded{f' since {cost.since}' if cost.since else ''}"
    if cost.by == "plan" and cost.sums and all(each.key is None for each in cost.sums):
        yield "no session belongs to a plan, and this ccc makes none yet: all of it is in one row"
    if cost.total.amount.unpriced:
        yield f"{_count(cost.total.amount.unpriced)} tokens have no price: >= is at least, ? is unknown"
    if cost.untold:
        names = ", ".join(printable(each.name) for each in cost.untold[:FEW_NAMES])
        more = f" and {len(cost.untold) - FEW_NAMES} more" if len(cost.untold) > FEW_NAMES else ""
        yield f"no engine has told what these used: {names}{more}"


def _sums(found: Sequence[Sum], total: Sum, by: str, look: Styling) -> Iterator[str]:
    rows = [(by, *HEADINGS)]
    rows += [(_label(each, by), str(each.sessions), *_amount(each.amount)) for each in found]
    rows.append(("total", str(total.sessions), *_amount(total.amount)))
    yield from table(rows, look)


def _label(row: Sum, by: str) -> str:
    return cut(printable(row.label or NAMELESS[by]), NAME_COLUMNS)


def _amount(amount: Amount) -> tuple[str, str, str, str]:
    return _count(amount.input), _cached(amount), _count(amount.output), usd(amount)


def _count(number: int) -> str:
    return f"{number:,}"


def _cached(amount: Amount) -> str:
    """Which share of the input came from a cache."""
    if amount.cache_read is None:
        return "?"
    return f"{100 * amount.cache_read // amount.input} %" if amount.input else "-"


def usd(amount: Amount) -> str:
    """Dollars; `>=` before them, or `?`, where tokens have no price."""
    if amount.micro_usd is None:
        return "?" if amount.tokens else "-"
    return f"{'>= ' if amount.unpriced else ''}{amount.micro_usd / 1_000_000:,.4f}"


def overview_text(found: Overview, look: Styling) -> str:
    """The figures, one a line, and what was used by role."""
    return "\n".join(_overview(found, look))


def _overview(found: Overview, look: Styling) -> Iterator[str]:
    statuses = ", ".join(f"{count} {status}" for status, count in found.statuses) or "none"
    yield f"sessions   {statuses}"
    yield f"today      {_spent(found.today)} ({found.day} UTC)"
    yield f"ever       {_spent(found.ever)}"
    yield f"messages   {_spread(found.delivery, 'delivered', 'until they were in the conversation')}"
    yield f"landings   {_spread(found.landing, 'sessions landed', 'from spawn to landing')}"
    yield f"people     {_spread(found.waiting, 'wait for them', 'so far')}"
    counts = f"{found.restarts} restarts, {found.bounced} messages bounced"
    yield f"agents     {_time(found.worked)} at work, {counts}"
    if found.untold:
        yield f"unknown    what {found.untold} sessions used: nothing was told of it"
    if found.roles:
        rows = [("role", *HEADINGS)]
        rows += [(_label(each, "role"), str(each.sessions), *_amount(each.amount)) for each in found.roles]
        yield ""
        yield from table(rows, look)


def _spent(amount: Amount) -> str:
    if not amount.tokens and amount.micro_usd is None:
        return "nothing recorded"
    return f"{usd(amount)} usd, {_count(amount.input)} tokens in, {_count(amount.output)} out"


def _spread(spread: Spread, what: str, how: str) -> str:
    if spread.median is None or spread.most is None:
        return "none yet"
    return f"{spread.count} {what}; median {_time(spread.median)}, 95 % within {_time(spread.most)} {how}"


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


TOP_HEADINGS = ("session", "status", "cpu", "memory", "procs", "since", "host cpu", "host memory")
MEGABYTE = 1_000_000


def top_text(top: Top, look: Styling, last: int | None = None) -> str:
    """The busiest sessions and the total of all; processor time in percent of one."""
    if not top.rows:
        return "no session runs on this machine"
    rows = [TOP_HEADINGS]
    for row in top.rows[:last]:
        since = "-" if row.agent.since is None else age(row.agent.since, top.at)
        name = cut(printable(row.sighting.session.name), NAME_COLUMNS)
        rows.append((name, row.view.status, *_use(row.agent), since, *_use(row.host)[:2]))
    rows.append(("total with hosts", "", *_use(top.total), "", "", ""))
    return "\n".join(table(rows, look, left=2))


def _use(use: Use) -> tuple[str, str, str]:
    return (
        f"{use.cpu:.0f} %" if use.cpu >= 1 or not use.cpu else f"{use.cpu:.1f} %",
        _bytes(use.memory),
        str(use.processes),
    )


def _bytes(size: int) -> str:
    return f"{size / MEGABYTE:,.0f} MB"
