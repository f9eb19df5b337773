"""`wait`: ends when the sessions waited for are done, have failed, or need a person."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ccc.domain.sessions import Session
from ccc.domain.stamps import rfc3339
from ccc.domain.status import DONE, FAILED, before_closing
from ccc.errors import NotFound
from ccc.ops import work
from ccc.ops.find import find_all
from ccc.ops.inbox import Item, items
from ccc.ops.look import Picture, Sighting, look
from ccc.ops.verify import needs_checks
from ccc.ops.workspace import Workspace

PAUSE_SECONDS = 0.25
RESTART_SECONDS = 3.0
NEEDS_A_PERSON = frozenset({"question", "permission", "failure", "budget", "conflict"})


@dataclass(frozen=True)
class Waited:
    """How the waiting ended: ids by outcome, what needs a person, and a cursor for the next `--since`."""

    done: tuple[str, ...]
    failed: tuple[str, ...]
    needs_you: tuple[Item, ...]
    open: tuple[str, ...]
    timed_out: bool
    cursor: str | None
    picture: Picture

    @property
    def exit(self) -> int:
        """0 all done, 1 one failed, 3 needs you, 4 time limit (CONTRACT §4)."""
        if self.timed_out:
            return 4
        if self.failed:
            return 1
        return 3 if self.needs_you else 0


@dataclass(frozen=True)
class Order:
    """What is waited for. `any_of` ends with the first; `statuses` replaces done and failed; seconds."""

    references: tuple[str, ...] = ()
    any_of: bool = False
    statuses: tuple[str, ...] = ()
    since: str | None = None
    timeout: float | None = None


def wait(workspace: Workspace, order: Order, *, pause: Callable[[float], None] = time.sleep) -> Waited:
    """Waits. Raises NotFound where there is nothing to wait for.

    `pause` is called between two looks with seconds; what it raises ends the waiting.
    """
    workspace.require()
    until = None if order.timeout is None else time.monotonic() + order.timeout
    watched = _watched(workspace, order)
    since = _since(workspace, order.since)
    started = 0.0
    while True:
        picture = look(workspace)
        now = _sort(workspace, picture, watched, order, since)
        if _over(now, order):
            return now
        if until is not None and time.monotonic() >= until:
            return Waited(now.done, now.failed, now.needs_you, now.open, True, now.cursor, picture)
        if _unchecked_claims(picture, watched) and time.monotonic() - started > RESTART_SECONDS:
            started = time.monotonic()
            if not work.worker_lives(workspace):
                work.start(workspace)
        pause(PAUSE_SECONDS)


def _watched(workspace: Workspace, order: Order) -> list[str]:
    sessions = look(workspace).sessions
    found = find_all(order.references, sessions)
    if not order.references:
        found = [session for session in found if session.closed is None]
    if not found:
        raise NotFound("there is nothing to wait for", 'git ccc spawn ROLE "TASK"')
    return [session.id for session in found]


def _since(workspace: Workspace, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    return rfc3339(workspace.reader.state(workspace.reader.commit_at(cursor)).clock)


def _sort(
    workspace: Workspace, picture: Picture, watched: Sequence[str], order: Order, since: str | None
) -> Waited:
    done: list[str] = []
    failed: list[str] = []
    still: list[str] = []
    for sighting in picture.sightings:
        if sighting.session.id not in watched:
            continue
        outcome = _outcome(sighting, order)
        fresh = since is None or sighting.view.since > since
        {"done": done, "failed": failed, "open": still}[outcome if fresh else "open"].append(
            sighting.session.id
        )
    needs = tuple(
        item
        for item in items(workspace, picture)
        if item.session in watched and item.kind in NEEDS_A_PERSON and (since is None or item.since > since)
    )
    return Waited(tuple(done), tuple(failed), needs, tuple(still), False, picture.state.tip, picture)


def _outcome(sighting: Sighting, order: Order) -> str:
    status = before_closing(sighting.session, sighting.view.status)
    if order.statuses:
        return "done" if status in order.statuses else "open"
    if status in DONE:
        return "done"
    return "failed" if status in FAILED else "open"


def _over(now: Waited, order: Order) -> bool:
    if order.any_of:
        return bool(now.done or now.failed or now.needs_you)
    waiting = {item.session for item in now.needs_you}
    return all(identifier in waiting for identifier in now.open)


def _unchecked_claims(picture: Picture, watched: Sequence[str]) -> list[Session]:
    return [session for session in picture.sessions if session.id in watched and needs_checks(session)]
