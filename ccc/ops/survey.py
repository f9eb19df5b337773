"""A look at the queue of starts: who waits in which order, who takes the places, what the machine says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ccc.domain import capacity
from ccc.domain.capacity import Candidate, Occupant, Place, Room
from ccc.domain.sessions import Session
from ccc.errors import BadConfig
from ccc.ops import allowance, dependents, occupancy
from ccc.ops.actor import actor_of
from ccc.ops.look import Picture, Sighting, look
from ccc.ops.policy import local_policy
from ccc.ops.workspace import Workspace
from ccc.platform import machine, processes
from ccc.records import dataclass
from ccc.runs.files import read_json, write_json

if TYPE_CHECKING:
    from ccc.config.model import Limits

GIGA = 1024**3


@dataclass(frozen=True)
class Survey:
    """What was seen; `withheld` and `held` (by `--after`) say why some are no candidates now, by id."""

    picture: Picture
    places: tuple[Place, ...]
    occupants: tuple[Occupant, ...]
    room: Room
    machine: str | None
    withheld: Mapping[str, str]
    held: Mapping[str, str]

    def why_not(self, session: Session) -> str | None:
        """Why a session may not start now; None: it may."""
        for reasons in (self.held, self.withheld):
            if session.id in reasons:
                return reasons[session.id]
        return next((place.why for place in self.places if place.candidate.id == session.id), None)


def survey(
    workspace: Workspace,
    me: Candidate | None = None,
    *,
    picture: Picture | None = None,
    exempt: bool = False,
) -> Survey:
    """Looks at the queue; `me` is a candidate that may not be recorded yet, `exempt` from what withholds."""
    seen = picture or look(workspace)
    limits = limits_of(workspace)
    room = Room(limits.parallel, limits.per_role)
    said = dependents.look_at(seen)
    wanted = [each for each in seen.sightings if _is_wanted(each, workspace, me)]
    held = {key: verdict.words for key, verdict in said.items() if not verdict.ready}
    asked = ((each.session, allowance.withheld(workspace, seen, each.session)) for each in wanted)
    own = me.id if me is not None and exempt else None
    withheld = {session.id: why for session, why in asked if why is not None and session.id != own}
    free = [
        each.session for each in wanted if each.session.id not in held and each.session.id not in withheld
    ]
    candidates = [me if me is not None and me.id == each.id else candidate_of(each) for each in free]
    mine = me.id if me is not None else None
    here = [each for each in seen.sessions if each.where == workspace.replica and each.id != mine]
    taking = occupancy.occupants(workspace.layout, here)
    machine = machine_reason(limits) if candidates else None
    ordered = capacity.in_order(candidates, served(seen.sessions))
    found = capacity.places(ordered, taking, room, machine)
    result = Survey(seen, tuple(found), tuple(taking), room, machine, withheld, held)
    _remember(workspace, result)
    return result


def _is_wanted(sighting: Sighting, workspace: Workspace, me: Candidate | None) -> bool:
    if me is not None and sighting.session.id == me.id:
        return True
    return is_queued(sighting, workspace.replica)


def is_queued(sighting: Sighting, replica: str) -> bool:
    """Whether a start was asked for that has not begun, and that nobody is just about to make."""
    session, life = sighting.session, sighting.life
    if session.run.status != "queued" or session.where != replica or session.closed is not None:
        return False
    if life is not None and life.run >= session.run.number:
        return False
    maker = session.start.maker if session.start is not None else None
    return maker is None or not processes.alive(maker)


def candidate_of(session: Session) -> Candidate:
    """A queued session as a candidate."""
    start = session.start
    by = start.by if start is not None and start.by else session.created_by or ""
    at = start.at if start is not None else session.run.at
    first = start is not None and bool(start.first)
    return Candidate(session.id, session.name, session.role, session.priority, by, at, first)


def served(known: Sequence[Session]) -> dict[str, str]:
    """When each asker was served last, by whom it was."""
    found: dict[str, str] = {}
    for session in known:
        start = session.start
        if start is not None and (start.begun or session.run.status != "queued"):
            found[start.by] = max(found.get(start.by, ""), start.at)
    return found


def limits_of(workspace: Workspace) -> Limits:
    """The limits of this machine: the main checkout's file; an agent's environment does not count."""
    return local_policy(workspace, trusting=actor_of(workspace).agent is None).settings.config.limits


def machine_reason(limits: Limits) -> str | None:
    """Why this machine takes nothing more now; None: it does, or nothing is said about it."""
    if limits.load is not None:
        busy = machine.load_per_processor()
        if busy is not None and busy > limits.load:
            return f"the machine is busy: load {busy:.1f} for each processor, above {limits.load:g}"
    if limits.free_memory is not None:
        free = machine.free_memory()
        if free is not None and free < limits.free_memory:
            least = limits.free_memory / GIGA
            return f"the machine is full: {free / GIGA:.1f} GB of memory are free, fewer than {least:.3g}"
    return None


def _file(workspace: Workspace) -> Path:
    return workspace.layout.root / "capacity.json"


def _remember(workspace: Workspace, found: Survey) -> None:
    """What only a closer look shows, for those who may not take the time for one."""
    document = {
        "parallel": found.room.parallel,
        "per_role": dict(found.room.per_role),
        "machine": found.machine,
        "withheld": dict(found.withheld),
    }
    if read_json(_file(workspace)) != document:
        write_json(_file(workspace), document)


def remember_trouble(workspace: Workspace, error: BadConfig) -> None:
    """That nothing can start or go on until a person has mended a file; forgotten with the next good look."""
    known = read_json(_file(workspace)) or {}
    if known.get("trouble") != error.message:
        found = {"trouble": error.message, "since": workspace.now()}
        write_json(_file(workspace), {"parallel": 1, **known, **found})


def trouble(workspace: Workspace) -> tuple[str, str] | None:
    """What keeps everything from starting, and since when (RFC 3339 UTC); None: nothing that is known."""
    known = read_json(_file(workspace)) or {}
    return (str(known["trouble"]), str(known["since"])) if "trouble" in known else None


def remembered(workspace: Workspace) -> tuple[Room, str | None, Mapping[str, str]] | None:
    """The room, the machine's reason and who is withheld, as they were seen last; None before that."""
    document = read_json(_file(workspace))
    if document is None:
        return None
    room = Room(int(document.get("parallel", 1)), dict(document.get("per_role", {})))
    return room, document.get("trouble") or document.get("machine"), dict(document.get("withheld", {}))
