"""Everything that can be done for a landing before a person decides: checks, queue, gate."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from ccc.errors import Refused
from ccc.git import heads
from ccc.ops import intents, work
from ccc.ops.find import find
from ccc.ops.landing import calling, running, worker
from ccc.ops.landing.approve import queue
from ccc.ops.landing.awaited import Awaited
from ccc.ops.landing.review import Review, review
from ccc.ops.look import look
from ccc.ops.verify import could_not_be_read, needs_checks, verify
from ccc.ops.workspace import Workspace
from ccc.runs.drain import held

CHECKS_TIMEOUT = 3600.0
"""Seconds to wait for another process's checks to end."""

LOOK_SECONDS = 0.05
RESTART_SECONDS = 5.0
"""How long a worker may take to begin on a busy machine."""

STARTS = 5


def prepare(
    workspace: Workspace,
    reference: str,
    *,
    tell: Callable[[str], None],
    queued: bool = True,
    behind: Sequence[str] = (),
) -> Review:
    """Runs the checks and the gate that are still missing, puts the session into the queue, and shows it.

    `tell` is given one line for each long piece of work; `behind` are ids of who lands next, whose gates the
    worker goes on with. Raises what `review` raises, Refused where gates cannot be run.
    """
    workspace.store.drain()
    if intents.read(workspace.layout) is not None:
        work.drain(workspace)  # a landing was killed, or is under way
    sessions = look(workspace).sessions
    session = find(reference, sessions)
    if session.waits_at is not None:
        from ccc.ops.landing.requests import refresh  # programs of forges, only where one is used

        for words in refresh(workspace, session):
            tell(words)
        session = find(session.id, look(workspace).sessions)
    if needs_checks(session):
        tell(f"running the checks of {session.name} ...")
        work.check_all(workspace, timeout=CHECKS_TIMEOUT)
    elif could_not_be_read(session):
        tell(f"looking for the checks of {session.name} again ...")
        verify(workspace, session)
    shown = review(workspace, session.id)
    if shown.session.landed_head or shown.session.closed is not None or shown.combined.nothing:
        return shown
    if queued:
        queue(workspace, shown.session)
    if _is_missing(shown):
        _wait(workspace, shown, behind, Awaited(workspace, shown, tell))
    return review(workspace, session.id, shown)


def _is_missing(shown: Review) -> bool:
    return shown.gate is None and shown.has_gate and shown.combined.tree is not None


def _wait(workspace: Workspace, shown: Review, behind: Sequence[str], awaited: Awaited) -> None:
    """Until the worker has an answer for what is to be landed, or none can come of it.

    Who interrupts this leaves the worker going. Raises Refused where the gate was ended for good.
    """
    layout, identifier = workspace.layout, shown.session.id
    wished = running.wish(layout, (identifier, *behind))
    seen, begun, starts = _signs(workspace), -RESTART_SECONDS, 0
    while True:
        awaited.look()
        waits = wished in running.wishes(layout)
        works = held(layout.gate_lock)
        now = _signs(workspace)
        if now != seen or not waits:
            seen, shown = now, review(workspace, identifier, shown)
            if not _is_missing(shown):
                return
        if not waits and running.is_denied(layout, wished):
            name = shown.session.name
            raise Refused(f"git ccc merge --abort has ended the gate of {name}", f"git ccc merge {name}")
        if not waits and not works:
            if starts >= STARTS or not _is_tested(workspace, shown):
                return
            wished = running.wish(layout, (identifier, *behind))
        if not works and time.monotonic() - begun > RESTART_SECONDS:
            if starts >= STARTS:
                raise _broken(workspace)
            begun, starts = time.monotonic(), starts + 1
            calling.start(workspace)
        time.sleep(LOOK_SECONDS)


def _is_tested(workspace: Workspace, shown: Review) -> bool:
    """Whether the queue itself would test it: nothing else stands against that."""
    return worker.would_run(workspace, shown.session.id)


def _signs(workspace: Workspace) -> tuple[object, ...]:
    return workspace.reader.tip(), heads.branches(workspace.git, workspace.repository.common)


def _broken(workspace: Workspace) -> Refused:
    try:
        why = (workspace.layout.gates / running.TROUBLE).read_text(encoding="utf-8")
    except FileNotFoundError:
        why = "its process ends by itself"
    return Refused(f"the gate cannot be run: {why}", "git ccc drain --gates runs it here")
