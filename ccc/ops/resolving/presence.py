"""Conflicts in the inbox: not while an agent works on them, and with who was asked to once it does not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ccc.domain import landings, resolutions
from ccc.domain.life import LIMITED, RUNNING, STARTING, WAITING
from ccc.domain.resolutions import Resolution
from ccc.domain.status import seconds_between
from ccc.ops.items import Item
from ccc.ops.landing.outlook import Outlook
from ccc.ops.look import Picture, Sighting

AT_WORK = (STARTING, RUNNING, WAITING, LIMITED)
WAKE_SECONDS = 10.0
"""How long it may take until an agent at rest is woken, told, and begins."""


def attended(picture: Picture, sighting: Sighting, outlook: object, items: Iterable[Item]) -> Iterator[Item]:
    """The items of a session's landing; a conflict that somebody is at waits for nobody else."""
    attempt = _attempt(picture, sighting, outlook)
    for each in items:
        if each.kind != "conflict" or attempt is None:
            yield each
        elif attempt.how == resolutions.HERE:
            title = f"{each.title}, and {attempt.by} resolves it in {attempt.place}"
            command = f"git ccc resolve {sighting.session.name} --here --done"
            yield replace(each, title=title, command=command)
        elif not _is_at_work(picture, sighting, attempt):
            yield _left(picture, sighting, attempt, each)


def busy(picture: Picture) -> set[str]:
    """The sessions at whose conflict with their target an agent is at work just now."""
    known = {each.session.id: each for each in picture.sightings}
    found = set()
    for name, cells in picture.state.streams(landings.KIND).items():
        attempt, sighting = resolutions.from_cells(cells), known.get(name.partition("/")[2])
        if attempt is None or sighting is None or not attempt.is_open or attempt.how == resolutions.HERE:
            continue
        if attempt.head == sighting.session.head and _is_at_work(picture, sighting, attempt):
            found.add(sighting.session.id)
    return found


def _attempt(picture: Picture, sighting: Sighting, outlook: object) -> Resolution | None:
    if not isinstance(outlook, Outlook):
        return None
    stream = picture.state.stream(landings.stream_of(sighting.session.id))
    found = resolutions.from_cells(stream)
    return found if found and found.is_open and found.is_of(outlook.base, outlook.head) else None


def _is_at_work(picture: Picture, sighting: Sighting, attempt: Resolution) -> bool:
    worker = _worker(picture, sighting, attempt)
    if worker is None:
        return False
    if seconds_between(attempt.at, sighting.as_of) < WAKE_SECONDS or worker.view.status == "queued":
        return True
    life = worker.life
    return life is not None and life.host is not None and life.phase in AT_WORK


def _worker(picture: Picture, sighting: Sighting, attempt: Resolution) -> Sighting | None:
    if attempt.resolver is None:
        return sighting
    return next((each for each in picture.sightings if each.session.id == attempt.resolver), None)


def _left(picture: Picture, sighting: Sighting, attempt: Resolution, conflict: Item) -> Item:
    worker = _worker(picture, sighting, attempt)
    if attempt.resolver is None or worker is None:
        words = "handed back to it, and not resolved" if attempt.resolver is None else "its resolver is gone"
    else:
        words = f"{worker.session.name} was to resolve it, and is {worker.view.status}"
    return replace(conflict, title=f"{conflict.title}: {words}")
