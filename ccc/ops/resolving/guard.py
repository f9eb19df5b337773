"""Whether a resolution can go onto a session's branch now, and the move itself."""

from __future__ import annotations

from pathlib import Path

from ccc.domain.life import PAUSED, RUNNING, STARTING, WAITING
from ccc.domain.sessions import Session
from ccc.errors import GitFailed, Refused, StoreBusy
from ccc.git import history, worktrees
from ccc.git import repository as repositories
from ccc.git.command import Git
from ccc.git.repository import RefMoved, RefUpdate
from ccc.ids import short_oid
from ccc.ops.landing.checkouts import require_free
from ccc.ops.look import look
from ccc.ops.observe import HEADS
from ccc.ops.workspace import Workspace
from ccc.runs import handed
from ccc.runs.files import SessionFiles

AT_WORK = (STARTING, RUNNING, WAITING, PAUSED)
SHOWN = 3


def move(workspace: Workspace, session: Session, head: str, commit: str) -> None:
    """Moves the branch from `head` to a merge of it, with its worktree; nothing where it is there already.

    By compare-and-swap: raises Refused where the branch has moved, a rebase or a bisection has it, or the
    worktree has uncommitted changes, StoreBusy while an agent is at work there.
    """
    ref = HEADS + session.branch
    tip = repositories.resolve(workspace.git, ref)
    if tip is not None and history.is_ancestor(workspace.git, commit, tip):
        return
    again = f"git ccc resolve {session.name} --here --abort, then --here again: what you did is remembered"
    if tip != head:
        now = "is gone" if tip is None else f"is at {short_oid(tip)}"
        raise Refused(f"{session.name} has moved on: it was at {short_oid(head)} and {now}", again)
    _refuse_at_work(workspace, session)
    require_free(workspace, session.branch)
    places = [
        tree.path
        for tree in worktrees.listed(workspace.repository)
        if tree.branch == ref and tree.path.is_dir()
    ]
    for place in places:
        _refuse_dirty(session, place)
    _moved(workspace, session, places, RefUpdate(ref, commit, head), again)


def _refuse_at_work(workspace: Workspace, session: Session) -> None:
    life = look(workspace).of(session).life
    if life is not None and life.host is not None and life.phase in AT_WORK:
        raise StoreBusy(
            f"the agent of {session.name} is in the middle of a turn, so its branch is left alone",
            f"git ccc wait {session.name}, or git ccc stop {session.name}; then again",
        )
    visitor = handed.visitor(SessionFiles.of(workspace.layout, session.id))
    if visitor is not None:
        raise StoreBusy(
            f"process {visitor} works in the worktree of {session.name}, so its branch is left alone",
            "end it, then again",
        )


def _refuse_dirty(session: Session, place: Path) -> None:
    changed = [entry.path for entry in history.dirty(place) if entry.code != "??"]
    if changed:
        more = f" and {len(changed) - SHOWN} more" if len(changed) > SHOWN else ""
        raise Refused(
            f"{session.name} has uncommitted changes: {', '.join(changed[:SHOWN])}{more}",
            f"commit or stash them in {place}, then again",
        )


def _moved(workspace: Workspace, session: Session, places: list[Path], update: RefUpdate, again: str) -> None:
    if not places:
        try:
            repositories.update_refs(workspace.git, [update], "ccc: conflict resolved")
        except RefMoved as error:
            raise Refused(f"{session.name} has just moved on", again) from error
        return
    assert update.new is not None
    try:
        Git(places[0]).run("merge", "--ff-only", "--quiet", update.new)
    except GitFailed as error:
        raise Refused(
            f"files in {places[0]} are in the way: {error.message}", "move them, then again"
        ) from error
