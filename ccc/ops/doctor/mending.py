"""What `doctor --fix` does: only what can be repeated and loses nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

from ccc.domain import sessions
from ccc.domain.events import Draft
from ccc.errors import CccError
from ccc.git import hookfiles
from ccc.ops import identities, intents, leftovers, places, undoings
from ccc.ops.close import finish, half_closed
from ccc.ops.closing import alone
from ccc.ops.doctor.place import written_for_here
from ccc.ops.doctor.records import stale_lock
from ccc.ops.doctor.trees import Moved, moved_worktrees
from ccc.ops.landing import land, undo
from ccc.ops.observe import all_sessions, local_sessions
from ccc.ops.workspace import Workspace
from ccc.platform.processes import git_works_in
from ccc.runs import drain as wake
from ccc.runs import hosts
from ccc.store.lock import locked
from ccc.store.restoring import told

Step = Callable[[Workspace], Iterator[str]]


def mend(workspace: Workspace) -> list[str]:
    """Repairs what is safe to repair; what was done or could not be done, in words. Raises NotInitialised."""
    workspace.require()
    return [words for step in STEPS for words in _done(step, workspace)]


def _done(step: Step, workspace: Workspace) -> list[str]:
    try:
        return list(step(workspace))
    except CccError as error:
        return [f"{step.__name__.strip('_').replace('_', ' ')}: {error.message}"]


def _reference_lock(workspace: Workspace) -> Iterator[str]:
    with locked(workspace.layout.lock):
        path = stale_lock(workspace)
        if path is not None and not git_works_in(workspace.layout.common):
            path.unlink(missing_ok=True)
            yield f"removed {path}"


def _reference(workspace: Workspace) -> Iterator[str]:
    found = workspace.store.restore(give_up=True)
    yield from () if found is None else told(found)


def _hooks(workspace: Workspace) -> Iterator[str]:
    common = workspace.repository.common
    wrong = hookfiles.problems(common) or not written_for_here(workspace)
    hookfiles.install(common, sys.executable)
    identities.write(workspace)
    hookfiles.refresh(common)
    if wrong:
        yield "wrote the hooks again"


def _worktrees(workspace: Workspace) -> Iterator[str]:
    workspace.git.run("worktree", "repair", ok=range(256))
    live = local_sessions(workspace.store.state(), workspace.replica)
    for place in filter(None, (places.moved_to(workspace, session) for session in live)):
        workspace.git.run("worktree", "repair", str(place))
        yield f"joined {place} and the repository"
    for moved in moved_worktrees(workspace, live):
        workspace.store.transact(lambda _, moved=moved: (_moved(moved),))  # type: ignore[misc]  # bound per turn
        yield f"recorded that {moved.session.name} is at {moved.path}"


def _moved(moved: Moved) -> Draft:
    session = moved.session
    return Draft(
        type="session.moved",
        subject=session.name,
        text=f"worktree moved to {moved.path}",
        session=session.id,
        changes={sessions.stream_of(session.id): {"worktree": str(moved.path)}},
    )


def _spawns(workspace: Workspace) -> Iterator[str]:
    for name in leftovers.clear(workspace):
        yield f"cleared the half-made session {name}"


def _journal(workspace: Workspace) -> Iterator[str]:
    count = workspace.store.drain()
    if count:
        yield f"recorded {count} events"


def _landing(workspace: Workspace) -> Iterator[str]:
    layout = workspace.layout
    if intents.read(layout) is None and undoings.read(layout) is None:
        return
    with locked(layout.root / intents.LAND_LOCK):
        undone = undo.resume(workspace)
        remarks = land.finish(workspace)
    yield "finished what was interrupted of landing" if undone is None else "finished undoing a landing"
    yield from remarks


def _closings(workspace: Workspace) -> Iterator[str]:
    for session in all_sessions(workspace.store.state()):
        if session.where != workspace.replica or not half_closed(workspace, session):
            continue
        with alone(workspace, session) as now:
            if not half_closed(workspace, now):  # by whoever closes or reopens it just now
                continue
            finish(workspace, now)
        yield f"finished closing {session.name}"


def _agents(workspace: Workspace) -> Iterator[str]:
    """Who lost its host when the repository was moved goes on now."""
    if hosts.any_dead(workspace.layout):
        wake.start(workspace.layout)
        yield "agents whose host is gone are brought back in the background"


STEPS: tuple[Step, ...] = (
    _reference_lock,
    _reference,
    _hooks,
    _worktrees,
    _spawns,
    _journal,
    _landing,
    _closings,
    _agents,
)
