"""`adopt`: a branch or a work tree that ccc did not make becomes a session, worked by hand."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ccc import ids
from ccc.domain import sessions, targets
from ccc.domain.canonical import Value
from ccc.domain.events import Draft
from ccc.domain.sessions import Session
from ccc.git import admins, hookfiles, worktrees
from ccc.git import repository as repositories
from ccc.git.worktrees import ADMIN_PREFIX
from ccc.ops import byhand, identities, leftovers, spawning
from ccc.ops.actor import RUN_MARKER, actor_of
from ccc.ops.adoption import Adoption, Request, plan_of
from ccc.ops.observe import HEADS
from ccc.ops.preparing import set_up
from ccc.ops.spawn import copy_files
from ccc.ops.workspace import Workspace
from ccc.platform import trees
from ccc.records import dataclass
from ccc.store.crashpoints import reached
from ccc.store.lock import locked
from ccc.store.protocol import State


@dataclass(frozen=True)
class Adopted:
    """The session, and whether its work tree was there before (else it was made now)."""

    session: Session
    by_hand: bool


def adopt(workspace: Workspace, request: Request) -> Adopted:
    """Takes a branch or work tree under ccc's care; nothing in the work tree and on the branch changes.

    Raises InsideAgent (from a session), NotFound (branch, role), Refused, Usage; on any failure everything
    is as before, and a killed call is taken back, or found whole, by the next command.
    """
    _check(workspace, request)
    leftovers.clear(workspace)
    with _claimed(workspace, request) as adoption:
        if adoption.former is None:
            _make_worktree(workspace, adoption)
            copy_files(workspace, adoption.policy, adoption.plan.path)
        identities.write(workspace)
        hookfiles.refresh(workspace.repository.common)
        reached("adopt-made")
        _record(workspace, adoption)
        reached("adopt-recorded")
    plan = adoption.plan
    leftovers.settle(workspace.layout.worktrees / plan.name, plan.id, adoption.role)
    session = sessions.from_cells(plan.id, workspace.store.state().stream(sessions.stream_of(plan.id)))
    assert session is not None
    if adoption.former is None:
        byhand.install(workspace, session)
        set_up(workspace, adoption.policy, session)
    return Adopted(session, adoption.former is not None)


def _check(workspace: Workspace, request: Request) -> None:
    """What can be seen without looking at branches; sessions are refused, as by `close`."""
    spawning.check(
        workspace, spawning.Request(request.role, "adopt" if request.task is None else request.task)
    )
    actor = actor_of(workspace)
    if actor.session is not None or trees.marked_above(RUN_MARKER) is not None:
        raise actor.refusal(
            workspace,
            f"git ccc adopt is not for sessions: it takes somebody's work under ccc's care ({actor.agent})",
            f"ask the human to run, in the main checkout: git ccc adopt {shlex.quote(request.what)}",
        )


@contextmanager
def _claimed(workspace: Workspace, request: Request) -> Iterator[Adoption]:
    """Plans, claims the name and renames the admin directory under the lock; undoes it on any failure."""
    with locked(workspace.layout.lock):
        adoption = plan_of(workspace, request)
        plan = adoption.plan
        claim = adoption.claim()
        leftovers.claim(workspace.layout.worktrees / plan.name, claim)
        reached("adopt-claimed")
        try:
            if adoption.found.tree is not None:
                admin = ADMIN_PREFIX + plan.name
                admins.rename(workspace.repository, plan.path, adoption.former or "", admin, reached)
        except BaseException:
            leftovers.give_back(workspace, claim)
            raise
    try:
        yield adoption
    except BaseException:
        leftovers.take_back(workspace, claim)
        raise


def _make_worktree(workspace: Workspace, adoption: Adoption) -> None:
    plan = adoption.plan
    worktrees.attach(
        workspace.repository,
        name=plan.name,
        path=plan.path,
        commit=adoption.found.tip,
        branch=HEADS + plan.branch,
        lock=locked(workspace.layout.lock),
        steps=reached,
    )


def _record(workspace: Workspace, adoption: Adoption) -> None:
    plan, head = adoption.plan, adoption.found.tip
    has_commits = head != plan.base
    fields: dict[str, Value] = {
        "name": plan.name,
        "alias": plan.alias,
        "role": adoption.role,
        "task": adoption.task,
        "branch": plan.branch,
        "worktree": str(plan.path),
        "where": workspace.replica,
        "target": plan.target,
        "base": plan.base,
        "head": head,
        "created_by": plan.by,
        **({sessions.BY_HAND: 1} if adoption.former is not None else {}),
        "priority": 0,
        "ports": plan.ports,
        "brief.md": ids.blob_id(adoption.brief, like=head),
        "run.1": {
            "status": "running" if has_commits else "created",
            "why": "it came with commits" if has_commits else "adopted, to be worked by hand",
        },
    }
    tip = repositories.resolve(workspace.git, HEADS + plan.target)

    def decide(state: State) -> Sequence[Draft]:
        changes: dict[str, dict[str, Value]] = {sessions.stream_of(plan.id): fields}
        known = state.stream(targets.stream_of(plan.target))
        if tip is not None and targets.recorded_tip(known, workspace.replica) is None:
            changes.update(targets.seen(plan.target, workspace.replica, tip))
        text = f"adopted branch {plan.branch} at {ids.short_oid(head)}"
        return (
            Draft(
                "session.adopted",
                plan.name,
                text,
                changes,
                session=plan.id,
                by=plan.by,
                blobs=(adoption.brief,),
            ),
        )

    workspace.store.transact(decide)
