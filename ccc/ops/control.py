"""Control of a run: stop, pause, carry on, answer what its engine asked."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import select
import signal
import time
from collections.abc import Callable, Mapping, Sequence

from ccc.domain import runs, spending
from ccc.domain.life import Ending, Life, Request
from ccc.domain.runs import Whose
from ccc.domain.sessions import Session, stream_of
from ccc.errors import Refused, StoreBusy
from ccc.ops.actor import actor_of
from ccc.ops.workspace import Workspace
from ccc.platform import locks
from ccc.platform.trees import Tree
from ccc.records import dataclass
from ccc.runs import drain, life
from ccc.runs.files import RunFiles, SessionFiles, is_full, read_json, ring, write_json
from ccc.store.lock import locked

HOST = b"\0ccc.host\0"
"""In the command line of a host: one that is just being started has the lock open, too."""

STOP_SECONDS = 20.0
WRITTEN_SECONDS = 2.0
"""How long a host may take to write down that its agent stands still; on a full disk it cannot."""

ANSWER_SECONDS = 5.0


@dataclass(frozen=True)
class Stopped:
    """A run that was ended: what it was doing, how it ended; `missing` says what is not recorded of that."""

    session: Session
    before: str
    ending: Ending
    missing: str = ""


def stop(workspace: Workspace, session: Session, *, why: str = "", grace: float = 5.0) -> Stopped:
    """Ends the run and everything it started; returns when nothing of its tree is left.

    Raises Refused where nothing runs here, StoreBusy where it could not be ended.
    """
    return _stopped(workspace, _asked_to_stop(workspace, session, why, grace))


def stop_all(
    workspace: Workspace, chosen: Sequence[Session], *, why: str = "", grace: float = 5.0
) -> list[Stopped]:
    """Ends several runs at once; those that end by themselves meanwhile are left out."""
    asked = []
    for session in chosen:
        with contextlib.suppress(Refused):
            asked.append(_asked_to_stop(workspace, session, why, grace))
    return [_stopped(workspace, each) for each in asked]


@dataclass(frozen=True)
class _Stop:
    """A run that was told to end: as it was found, and in which words."""

    session: Session
    found: Life
    words: str
    grace: float


def _asked_to_stop(workspace: Workspace, session: Session, why: str, grace: float) -> _Stop:
    found = _alive(workspace, session, "stop")
    files = SessionFiles.of(workspace.layout, session.id)
    _wake_host(found)
    words = why or f"stopped by {actor_of(workspace).by or 'somebody'}"
    with contextlib.suppress(OSError):  # who cannot be told is ended all the same
        _ask(files, files.run(found.run), {"kind": "stop", "why": words, "grace": grace})
    return _Stop(session, found, words, grace)


def _stopped(workspace: Workspace, asked: _Stop) -> Stopped:
    session, found = asked.session, asked.found
    files = SessionFiles.of(workspace.layout, session.id).run(found.run)
    if found.host is not None:
        ending = _until_over(files, time.monotonic() + STOP_SECONDS + asked.grace)
        if ending is not None:
            return Stopped(session, found.phase, ending, _recorded_later(files))
        with contextlib.suppress(ProcessLookupError):
            os.kill(found.host, 9)
    try:
        return _stopped_without_host(workspace, asked)
    except OSError as error:
        clear(workspace, session, found, grace=asked.grace)
        ending = Ending("stopped", asked.words, workspace.now())
        with contextlib.suppress(OSError):
            life.end(files, ending)
        return Stopped(session, found.phase, ending, f"that could not be recorded yet: {error.strerror}")


def _recorded_later(files: RunFiles) -> str:
    """What is to be said of an end that the host is still recording; nothing where it has."""
    if not is_full(files.root):
        return ""
    return f"its host records that once there is room: {os.strerror(errno.ENOSPC)}"


def _stopped_without_host(workspace: Workspace, asked: _Stop) -> Stopped:
    session, found = asked.session, asked.found
    with locked(SessionFiles.of(workspace.layout, session.id).recovery, timeout=STOP_SECONDS):
        now = life.sight(workspace.layout, session.id) or found
        if now.run == found.run or now.over:
            ending = Ending("stopped", asked.words, workspace.now())
            return Stopped(session, found.phase, bury(workspace, session, now, ending, grace=asked.grace))
    return _stopped(workspace, _asked_to_stop(workspace, session, asked.words, asked.grace))


def bury(
    workspace: Workspace, session: Session, found: Life, ending: Ending, *, grace: float = 5.0
) -> Ending:
    """Ends what a run without host left running, writes its exit record and the fact, once.

    Gives the exit record that counts. Raises StoreBusy where a process could not be ended.
    """
    of_session = SessionFiles.of(workspace.layout, session.id)
    files = of_session.run(found.run)
    clear(workspace, session, found, grace=grace)
    with locked(of_session.root / "burial.lock"):
        now = life.sight_run(files, found.run)
        if now is not None and now.ending is not None and not now.unattended:
            return now.ending
        record_end(workspace, session, found, ending)
    return ending


def record_end(workspace: Workspace, session: Session, found: Life, ending: Ending) -> None:
    """Writes the exit record of a run without host, and the fact with what the run used up to then."""
    files = SessionFiles.of(workspace.layout, session.id).run(found.run)
    life.end(files, ending)
    whose = Whose(session.id, session.name, found.run, session.engine or found.engine)
    recorded = workspace.reader.state().stream(stream_of(session.id))
    used = spending.unrecorded(life.untold(files), recorded)
    workspace.store.journal(runs.ended(whose, ending, used))


def clear(workspace: Workspace, session: Session, found: Life, *, grace: float = 5.0) -> None:
    """Ends what a run without host left running: its tree, and whoever still holds the session's lock.

    Raises StoreBusy where a process could not be ended.
    """
    of_session = SessionFiles.of(workspace.layout, session.id)
    marker = ("CCC_RUN", f"{session.id}.{found.run}")
    left = Tree(agent_of(of_session.run(found.run)), marker, apart=drain.COMMAND_LINES).end(grace)
    if not left and drain.held(of_session.lock):
        left = locks.end_keepers(of_session.lock, spare=HOST)
    if left:
        pids = " ".join(str(pid) for pid in left)
        raise StoreBusy(f"processes of {session.name} could not be ended: {pids}", f"kill -9 {pids}")


def stop_asked(files: RunFiles) -> str | None:
    """Why a person wanted the run to end, where its host was gone before it could obey."""
    for path in sorted(files.control.glob("stop-*.json")) if files.control.is_dir() else ():
        document = read_json(path)
        if document is not None:
            return str(document.get("why") or "stopped")
    return None


def lost(found: Life) -> Ending:
    """The exit record of a run whose host and process are gone: it ended when it was last heard of."""
    return Ending("lost", "its process and its host were gone", found.beat)


def pause(workspace: Workspace, session: Session) -> None:
    """Halts every process of the run where it stands. Raises Refused where nothing runs here."""
    found = _alive(workspace, session, "pause")
    if found.phase == "paused":
        raise Refused(f"{session.name} is paused already", f"git ccc resume {session.name}")
    _wake_host(found)
    by, asked = actor_of(workspace).by or "somebody", time.monotonic()

    def is_done(now: Life) -> bool:
        unwritten = time.monotonic() - asked >= WRITTEN_SECONDS
        return now.phase == "paused" or (unwritten and "agent" in now.halted)

    _order(workspace, session, found, {"kind": "pause", "why": f"paused by {by}"}, is_done)


def rest(workspace: Workspace, session: Session) -> None:
    """Asks an agent between two turns to give up its process; it is taken up again for its next message.

    Nobody waits for it: an agent that has something to do meanwhile stays. Raises Refused where nothing runs.
    """
    found = _alive(workspace, session, "rest")
    files = SessionFiles.of(workspace.layout, session.id)
    _ask(files, files.run(found.run), {"kind": "rest"})


def carry_on(workspace: Workspace, session: Session) -> None:
    """Lets a run go on that is paused, or stands still by a signal. Raises Refused for another one."""
    found = _alive(workspace, session, "resume")
    if found.phase != "paused" and not found.halted:
        raise Refused(f"{session.name} is {found.phase}, not paused", f"git ccc status {session.name}")
    _wake_host(found)
    _order(
        workspace,
        session,
        found,
        {"kind": "carry-on"},
        lambda now: now.phase != "paused" and not now.halted,
    )


def _wake_host(found: Life) -> None:
    """Lets a host go on that stands still by a signal: else it obeys nobody."""
    if "host" in found.halted and found.host is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(found.host, signal.SIGCONT)


def tell_limits(workspace: Workspace, session: Session, limits: Mapping[str, int]) -> None:
    """Gives a living host the limits that its session has from now on; does not wait for it."""
    found = _alive(workspace, session, "resume")
    files = SessionFiles.of(workspace.layout, session.id)
    _ask(files, files.run(found.run), {"kind": "limits", "limits": dict(limits)})


def wake(workspace: Workspace, session: Session) -> None:
    """Takes a session up at once that is parked. Raises Refused where it is not there."""
    found = _alive(workspace, session, "resume")
    _order(workspace, session, found, {"kind": "carry-on"}, lambda now: now.phase != "limited")


def exhaust(workspace: Workspace, session: Session, what: str, why: str) -> None:
    """Has a living host let its agent hand back, for a limit that others have used up, too."""
    found = life.sight(workspace.layout, session.id)
    if found is not None and found.host is not None:
        files = SessionFiles.of(workspace.layout, session.id)
        _ask(files, files.run(found.run), {"kind": "exhaust", "what": what, "why": why})


def answer_engine(workspace: Workspace, session: Session, request: Request, text: str) -> None:
    """Answers what the engine itself waits for. Raises Refused where it no longer does."""
    found = _alive(workspace, session, "answer")
    if not _waits(found, request):
        raise Refused(f"{session.name} does not wait for that any more", f"git ccc status {session.name}")
    document = {"kind": "answer", "request": request.id, "text": text}
    _order(workspace, session, found, document, lambda now: not _waits(now, request))


def _waits(found: Life, request: Request) -> bool:
    return any(each.id == request.id for each in found.requests)


def _alive(workspace: Workspace, session: Session, command: str) -> Life:
    if session.where != workspace.replica:
        raise Refused(f"{session.name} lives in another copy of the repository", f"git ccc {command} there")
    found = life.sight(workspace.layout, session.id)
    if found is None or (found.host is None and found.agent is None and found.ending is not None):
        raise Refused(f"nothing runs in {session.name}", f"git ccc start {session.name}")
    return found


def _order(
    workspace: Workspace,
    session: Session,
    found: Life,
    document: Mapping[str, object],
    done: Callable[[Life], bool],
) -> None:
    files = SessionFiles.of(workspace.layout, session.id)
    if found.host is None:
        raise Refused(f"the host of {session.name} is gone", f"git ccc resume {session.name}")
    _ask(files, files.run(found.run), document)
    until = time.monotonic() + ANSWER_SECONDS
    while time.monotonic() < until:
        now = life.sight_run(files.run(found.run), found.run)
        if now is None or now.over or done(now):
            return
        time.sleep(0.01)
    raise StoreBusy(f"the host of {session.name} does not answer", f"git ccc status {session.name}")


def _ask(session: SessionFiles, files: RunFiles, document: Mapping[str, object]) -> None:
    """Asks the host; on a full disk by the bell itself. Raises OSError where neither can be written to."""
    try:
        write_json(files.control / f"{document['kind']}-{os.urandom(6).hex()}.json", document)
    except OSError:
        line = json.dumps(document, ensure_ascii=True).encode("ascii") + b"\n"
        if len(line) > select.PIPE_BUF or not ring(session, line):
            raise
    else:
        ring(session)


def _until_over(files: RunFiles, until: float) -> Ending | None:
    """The run's exit record, once its host is gone, or has only to record the end on a full disk."""
    while time.monotonic() < until:
        found = life.sight_run(files, 0)
        if found is None:
            return None
        if found.ending is not None and found.host is None:
            return found.ending
        if found.host is None:
            return found.ending
        if found.ending is not None and is_full(files.root):
            return found.ending
        time.sleep(0.01)
    return None


def agent_of(files: RunFiles) -> str | None:
    """The identity of the run's agent as its host wrote it last; None before there was one."""
    document = read_json(files.life)
    agent = None if document is None else document.get("agent")
    return agent if isinstance(agent, str) else None
