"""Every session that would conflict with its target, and who is at it."""

from __future__ import annotations

from ccc.domain import landings, resolutions
from ccc.domain.resolutions import Resolution
from ccc.domain.sessions import Session
from ccc.ops.landing.outlook import Outlook, outlooks
from ccc.ops.landing.remembered import Verdict
from ccc.ops.look import Sighting, look
from ccc.ops.workspace import Workspace
from ccc.records import dataclass


@dataclass(frozen=True)
class Row:
    """A session in conflict, and who is at it; `resolver` where that is a session of its own."""

    sighting: Sighting
    verdict: Verdict
    resolution: Resolution | None
    resolver: Sighting | None

    @property
    def session(self) -> Session:
        return self.sighting.session


def conflicts(workspace: Workspace) -> list[Row]:
    """By name. Runs nothing; git is asked only where it is not remembered."""
    picture = look(workspace)
    open_ones = [
        each for each in picture.sightings if each.session.closed is None and not each.session.landed_head
    ]
    found = outlooks(workspace, [each.session for each in open_ones])
    by_id = {each.session.id: each for each in picture.sightings}
    rows = []
    for sighting in open_ones:
        outlook = found.get(sighting.session.id)
        if not isinstance(outlook, Outlook) or not outlook.verdict.conflicts:
            continue
        cells = picture.state.stream(landings.stream_of(sighting.session.id))
        attempt = resolutions.from_cells(cells)
        if attempt is not None and not (attempt.is_open and attempt.is_of(outlook.base, outlook.head)):
            attempt = None
        resolver = by_id.get(attempt.resolver) if attempt and attempt.resolver else None
        rows.append(Row(sighting, outlook.verdict, attempt, resolver))
    return sorted(rows, key=lambda row: row.session.name)
