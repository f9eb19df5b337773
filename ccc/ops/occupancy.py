"""Whose agents live on this machine now: each takes a place, whatever it does; at rest it takes none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ccc.domain.capacity import Occupant
from ccc.domain.life import BY_SIGNAL, IDLE, Life
from ccc.domain.sessions import Session
from ccc.domain.status import seconds_between
from ccc.layout import Layout
from ccc.ops.look import Picture
from ccc.ops.workspace import Workspace
from ccc.runs import drain, life, mail
from ccc.runs.files import RunFiles, SessionFiles

QUIET_SECONDS = 3.0
"""An agent that has just ended its turn may still be reminded of its report, or told of its checks."""

SETTLED = ("verified", "unchecked", "completed")
"""Whose agent is asked to rest before others'."""


def occupants(layout: Layout, sessions: Iterable[Session]) -> list[Occupant]:
    """The sessions that take a place now, in the order given."""
    return [
        Occupant(session.id, session.name, session.role)
        for session in sessions
        if takes_place(layout, session.id)
    ]


def taken(layout: Layout) -> frozenset[str]:
    """The ids of all sessions that take a place now."""
    try:
        names = [path.name for path in layout.runs.iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()
    return frozenset(name for name in names if takes_place(layout, name))


def takes_place(layout: Layout, session: str) -> bool:
    """Whether a host or an agent of the session lives, or a living process is just starting one.

    Whoever was killed, by a reboot too, keeps its place until somebody has seen to it: it is taken up again,
    or has ended. Where no process is known by name the session's lock decides: a host holds it before it says
    anything.
    """
    files = SessionFiles.of(layout, session)
    number = files.latest()
    if number is None or _is_over(files.run(number)):
        return False
    if files.run(number).life.exists():
        return True
    found = life.sight(layout, session)  # of the run before, where nobody has taken the last order
    if found is not None and (found.host is not None or found.agent is not None):
        return True
    return (found is not None and _is_left_behind(files.run(found.run), found)) or drain.held(files.lock)


def _is_over(files: RunFiles) -> bool:
    """Whether a run has ended for good: who was ended by the machine's shutdown goes on after it."""
    try:
        ended = files.exit.read_bytes()
    except FileNotFoundError:
        return False
    if BY_SIGNAL.encode() not in ended:
        return True
    found = life.sight_run(files, int(files.root.name))
    return found is None or not found.unattended


def _is_left_behind(files: RunFiles, found: Life) -> bool:
    """Whether a run's host was there and is gone, and nobody has seen to it; also while somebody is at it."""
    return found.unattended and files.life.exists()


def idle(workspace: Workspace, picture: Picture, taking: Sequence[Occupant]) -> list[Occupant]:
    """Those whose turn is over and who wait for nothing but a message; whom to ask to rest first is first."""
    places = {each.id: each for each in taking}
    now = workspace.now()
    found = []
    for sighting in picture.sightings:
        seen = sighting.life
        place = places.get(sighting.session.id)
        if place is None or seen is None or seen.phase != IDLE or seen.agent is None or seen.background:
            continue
        settled = sighting.view.status in SETTLED
        if seen.request is not None or (not settled and seconds_between(seen.at, now) < QUIET_SECONDS):
            continue
        if not mail.waiting(SessionFiles.of(workspace.layout, place.id)):
            found.append((not settled, seen.at, place))
    return [place for _, _, place in sorted(found, key=lambda each: each[:2])]
