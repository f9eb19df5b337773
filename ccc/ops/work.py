"""Pending work: recording what hooks noted, and running checks; any ccc process may do it.

Long work runs in one detached worker per repository, started when there is some and none runs.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from ccc.errors import StoreBusy
from ccc.git import hookfiles
from ccc.ops import bundles, intents, leftovers, notices, occupancy, queueing, undoings
from ccc.ops.background import DRAIN_LOCK
from ccc.ops.landing import calling, polling
from ccc.ops.look import look
from ccc.ops.radar import due as radar
from ccc.ops.reservations import keeping
from ccc.ops.resolving import settling
from ccc.ops.sync import automatic, exchange
from ccc.ops.tending import SETTLE_SECONDS, settles, tend
from ccc.ops.verify import verify, waiting_for_checks
from ccc.ops.workspace import Workspace
from ccc.runs import drain as wake
from ccc.runs import hosts, watcher
from ccc.runs.bell import Bell
from ccc.store.lock import in_turn, locked

TEND_LOCK = "tend.lock"
TEND_SECONDS = 60.0
"""How long one drain waits until another has looked after the agents, which it then does itself."""

LINGER_SECONDS = 2.0
"""How long a background drain stays for the next hook; a fresh one needs 0.15 s to start."""

MOST_LOOKS = 17_280
"""A day of looks at the queue by one process; whoever comes after that begins another."""

NICENESS = 10


def start(workspace: Workspace) -> None:
    """Starts the background drain, detached."""
    wake.start(workspace.layout)


def drain(workspace: Workspace, *, patience: float = 0.0) -> int:
    """Records everything that waits and mends what a killed process left; how many events.

    Another process that lands or mends at this moment is waited for `patience` seconds.
    """
    recorded = workspace.store.drain()
    exchange.merge_what_came(workspace)
    leftovers.clear(workspace)
    hookfiles.refresh(workspace.repository.common)
    if intents.read(workspace.layout) is not None or undoings.read(workspace.layout) is not None:
        _finish_landing(workspace, patience)
    return recorded


def _finish_landing(workspace: Workspace, patience: float) -> None:
    from ccc.ops.landing import land, undo  # 60 ms, where a process died in the midst of one

    with contextlib.suppress(StoreBusy), locked(workspace.layout.root / intents.LAND_LOCK, timeout=patience):
        undo.resume(workspace)
        land.finish(workspace)


def check_all(workspace: Workspace, *, timeout: float = 0.0) -> int:
    """Runs every check that waits; how many sessions were checked. Raises StoreBusy while a worker runs."""
    done = 0
    with locked(workspace.layout.worker_lock, timeout=timeout):
        while waiting := waiting_for_checks(workspace.store.state(), workspace.replica):
            verify(workspace, waiting[0])
            done += 1
    return done


def background(workspace: Workspace) -> None:
    """One lingering drain per repository: records at once what hooks note, then runs waiting checks.

    Sessions whose host was killed come before everything else, and agents do not inherit what makes room for
    a person at the keyboard.
    """
    if not workspace.initialised:
        return
    if hosts.any_dead(workspace.layout) or watcher.was_called(workspace.layout):
        from ccc.ops import recovery  # 10 ms, where a host was killed

        recovery.recover_all(workspace)
    _make_room()
    with watcher.watching(workspace.layout):
        _stay(workspace)


def _stay(workspace: Workspace) -> None:
    """While sessions wait for room somebody stays: of load that falls, or an agent killed, no event comes.

    Nor does one when a turn that has just ended stays without a report, or a branch has moved meanwhile.
    """
    seconds, places = LINGER_SECONDS, occupancy.taken(workspace.layout)
    with Bell(workspace.layout) as bell:
        for _ in range(MOST_LOOKS):
            alone = _linger_alone(workspace, bell, seconds, places)
            if not workspace.initialised:
                return
            looked = radar.look_after(workspace)
            places = occupancy.taken(workspace.layout)
            while _work_once(workspace):
                continue
            polling.poll(workspace)
            automatic.share(workspace)
            bundles.complete(workspace)
            if not alone:
                return
            rung = bell.is_rung()
            wanted = _stays(workspace, looked)
            if wanted is None:
                # Noted before somebody rang: what nobody has heard in the end is recorded all the same.
                rung |= bell.close() | (workspace.store.drain() > 0)
                wanted = _stays(workspace, looked=False)
            if rung:
                seconds = LINGER_SECONDS if wanted is None else min(wanted, LINGER_SECONDS)
            elif wanted is None:
                return
            else:
                seconds = wanted


def _stays(workspace: Workspace, looked: bool) -> float | None:
    """How long the drain stays after its work; None where nothing wants it here."""
    if queueing.anybody_waits(workspace):
        return queueing.LOOK_SECONDS
    if settles(workspace):
        return SETTLE_SECONDS
    # Who edits goes on: the next save waits for no start.
    return LINGER_SECONDS if looked or radar.is_due(workspace) else None


def _linger_alone(workspace: Workspace, bell: Bell, seconds: float, places: frozenset[str]) -> bool:
    """Records until `seconds` are over; False where another drain does, after recording what waits."""
    try:
        with locked(workspace.layout.root / DRAIN_LOCK, timeout=0):
            _linger(workspace, bell, seconds, places)
            return True
    except StoreBusy:  # whoever saw that this one begins counts on it
        bell.close()
        workspace.layout.drain_begins.unlink(missing_ok=True)
        workspace.store.drain()
        return False


def _make_room() -> None:
    """Lets a person's own work go first; done twice it would not get slower still."""
    os.nice(max(0, NICENESS - os.nice(0)))


def _work_once(workspace: Workspace) -> bool:
    """Looks after agents, then runs waiting checks; whether that may have made more work."""
    tended = False
    with contextlib.suppress(StoreBusy), in_turn(workspace.layout.root / TEND_LOCK, TEND_SECONDS) as mine:
        if mine:
            tended = tend(workspace) | settling.settle(workspace) | keeping.keep(workspace)
            tell_everybody(workspace)
    if waiting_for_checks(workspace.store.state(), workspace.replica):
        with contextlib.suppress(StoreBusy):
            return check_all(workspace) > 0
    if calling.is_due(workspace, look(workspace)):
        calling.start(workspace)
    return tended


def tell_everybody(workspace: Workspace) -> None:
    """Tells people and parents what sessions have come to, each once."""
    notices.look_after(workspace)
    picture = look(workspace)
    if any(session.parent is not None for session in picture.sessions):
        from ccc.ops import children  # 20 ms, where sessions have begun others

        children.tell_parents(workspace, picture)


def _checks_are_due(workspace: Workspace) -> bool:
    """Whether sessions wait for checks and nobody runs any: whoever does takes them all."""
    waiting = waiting_for_checks(workspace.store.state(), workspace.replica)
    return bool(waiting) and not wake.held(workspace.layout.worker_lock)


def _linger(workspace: Workspace, bell: Bell, seconds: float, places: frozenset[str]) -> None:
    """Records what hooks note, until `seconds` are over, or there is something else to do.

    That is: checks are due, files have changed, or an agent of `places` is gone. The bell is heard through
    what is done then, unless that takes long.
    """
    bell.listen()
    drain(workspace)
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        gone = not places <= occupancy.taken(workspace.layout)
        if gone or _checks_are_due(workspace) or radar.is_noted(workspace):
            break
        if bell.wait(left):
            workspace.store.drain()
    bell.leave()
    workspace.store.drain()


def worker_lives(workspace: Workspace) -> bool:
    """Whether some process is running checks now."""
    path: Path = workspace.layout.worker_lock
    try:
        with locked(path, timeout=0):
            return False
    except StoreBusy:
        return True
