"""The documents of `metrics`."""

from __future__ import annotations

from typing import Any

from ccc.domain.spending import Amount
from ccc.ops.metrics.cost import Cost, Sum
from ccc.ops.metrics.overview import Overview, Spread
from ccc.ops.metrics.top import Top, Use
from ccc.views.documents import Document, document

MICRO = 1_000_000


def cost_document(cost: Cost) -> Document:
    """`metrics cost`."""
    return document(
        cost.tip,
        by=cost.by,
        since=cost.since,
        rows=[sum_document(each) for each in cost.sums],
        total=sum_document(cost.total),
        untold=[{"id": each.id, "name": each.name, "engine": each.engine} for each in cost.untold],
    )


def sum_document(row: Sum) -> dict[str, Any]:
    """A row: null for a key that is not known, or that there is none of."""
    return {"key": row.key, "name": row.label, "sessions": row.sessions, **amount_document(row.amount)}


def amount_document(amount: Amount) -> dict[str, Any]:
    """Tokens and money; `unpriced` of the tokens have no price, so that the money is "at least"."""
    return {
        "tokens": {
            "input": amount.input,
            "output": amount.output,
            "cache_read": amount.cache_read,
            "cache_write": amount.cache_write,
            "unpriced": amount.unpriced,
        },
        "cost": {"usd": None if amount.micro_usd is None else amount.micro_usd / MICRO},
    }


def overview_document(found: Overview) -> Document:
    """`metrics`."""
    return document(
        found.tip,
        counts=dict(found.statuses),
        today={"day": found.day, **amount_document(found.today)},
        total=amount_document(found.ever),
        roles=[sum_document(each) for each in found.roles],
        untold=found.untold,
        delivery_seconds=spread_document(found.delivery),
        landing_seconds=spread_document(found.landing),
        waiting_seconds=spread_document(found.waiting),
        worked_seconds=found.worked,
        restarts=found.restarts,
        bounced=found.bounced,
    )


def top_document(top: Top, last: int | None = None) -> Document:
    """`metrics top`; the `last` busiest sessions, the total of all."""
    return document(
        top.tip,
        at=top.at,
        seconds=round(top.seconds, 3),
        sessions=[
            {
                "id": row.sighting.session.id,
                "name": row.sighting.session.name,
                "status": row.view.status,
                "agent": use_document(row.agent),
                "host": use_document(row.host),
            }
            for row in top.rows[:last]
        ],
        total=use_document(top.total),
    )


def use_document(use: Use) -> dict[str, Any]:
    """Percent of one processor, resident bytes, processes, since when."""
    return {"cpu": round(use.cpu, 1), "memory": use.memory, "processes": use.processes, "since": use.since}


def spread_document(spread: Spread) -> dict[str, Any]:
    """How many cases; their median and what 95 % of them stayed within, in seconds."""
    return {"count": spread.count, "median": spread.median, "p95": spread.most}
