"""`metrics` alone: the few figures that records here can prove."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from ccc.domain import spending
from ccc.domain.messages import Message
from ccc.domain.spending import Amount
from ccc.ops.inbox import items
from ccc.ops.look import Picture, look
from ccc.ops.mail import messages_of
from ccc.ops.metrics.cost import Sum, sums, used
from ccc.ops.workspace import Workspace
from ccc.records import dataclass

MANY = 0.95
"""The share of cases that the greater figure holds for."""


@dataclass(frozen=True)
class Spread:
    """Seconds of several cases: how many there were, the median, and what 95 % stayed within."""

    count: int
    median: float | None
    most: float | None


@dataclass(frozen=True)
class Overview:
    """Sessions by status, what was used today and ever, how long messages and whole tasks took.

    `delivery`: from a message's record until it was in an agent's conversation; `landing`: from a session's
    beginning to its latest landing; `waiting`: what waits for people now, since when. `worked` are the
    seconds of all turns, `restarts` those of the present runs on this machine, `bounced` messages that came
    back.
    """

    tip: str | None
    day: str
    statuses: tuple[tuple[str, int], ...]
    today: Amount
    ever: Amount
    roles: tuple[Sum, ...]
    untold: int
    delivery: Spread
    landing: Spread
    waiting: Spread
    worked: int
    restarts: int
    bounced: int


def overview(workspace: Workspace) -> Overview:
    """The figures as they are now. Raises NotInitialised."""
    workspace.require()
    picture = look(workspace)
    day = workspace.now()[:10]
    found, messages = used(picture.state), messages_of(picture.state)
    return Overview(
        picture.state.tip,
        day,
        tuple(sorted(Counter(each.view.status for each in picture.sightings).items())),
        spending.of(found.pieces, day=day),
        spending.total(found.pieces),
        sums(found.pieces, "role", found.names),
        len(found.untold),
        spread(_deliveries(messages)),
        spread(_landings(picture)),
        spread([_seconds(each.since, workspace.now()) for each in items(workspace, picture)]),
        sum(each.spending.seconds or 0 for each in picture.sessions),
        sum(each.life.restarts for each in picture.sightings if each.life is not None),
        sum(each.state == "bounced" for each in messages),
    )


def _deliveries(messages: Iterable[Message]) -> list[float]:
    """A message read in the inbox has no turn: how soon a person looks is no figure of ours."""
    return [
        _seconds(each.at, each.delivered.at)
        for each in messages
        if each.delivered is not None and each.delivered.turn is not None
    ]


def _landings(picture: Picture) -> list[float]:
    sessions = picture.sessions
    return [_seconds(each.created_at, each.landed.at) for each in sessions if each.landed is not None]


def _seconds(since: str, until: str) -> float:
    return max(0.0, (datetime.fromisoformat(until) - datetime.fromisoformat(since)).total_seconds())


def spread(seconds: Sequence[float]) -> Spread:
    """Median and 95 % of some durations, by the nearest rank; unknown where there are none."""
    ranked = sorted(seconds)
    if not ranked:
        return Spread(0, None, None)

    def at(share: float) -> float:
        return ranked[max(0, math.ceil(share * len(ranked)) - 1)]

    return Spread(len(ranked), at(0.5), at(MANY))
