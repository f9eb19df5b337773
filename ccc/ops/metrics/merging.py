"""How landings went, from the diary alone."""

from __future__ import annotations

from ccc.domain import mergefigures
from ccc.domain.mergefigures import Figures
from ccc.ops.workspace import Workspace
from ccc.records import dataclass


@dataclass(frozen=True)
class Merging:
    """The figures of what was recorded since a moment, ever where that is None."""

    tip: str | None
    since: str | None
    figures: Figures


def merging(workspace: Workspace, since: str | None = None) -> Merging:
    """Counts what happened behind a time, cursor, event or commit; what went before is known all the same.

    Raises NotFound, Ambiguous, NotInitialised.
    """
    workspace.require()
    after = None if since is None else workspace.reader.since(since)
    wanted = frozenset({*mergefigures.TAKEN, *mergefigures.ATTEMPTS})
    events = [each.event for each in workspace.reader.log() if each.event.type in wanted]
    events.sort(key=lambda event: event.id)
    return Merging(workspace.reader.tip(), since, mergefigures.figures(events, after))
