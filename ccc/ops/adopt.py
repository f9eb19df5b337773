"""`adopt`: a branch or a work tree that ccc did not make becomes a session, worked by hand."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from ccc import ids
from ccc.domain import aliases, sessions, targets
from ccc.domain.canonical import Value
from ccc.domain.events import Draft
from ccc.domain.sessions import Session
from ccc.errors import InsideAgent, NotFound, Refused, StoreBusy
from ccc.git import admins, history, hookfiles, worktrees
from ccc.git import repository as repositories
from ccc.git.worktrees import ADMIN_PREFIX
from ccc.ops import identities, leftovers, naming, spawning
from ccc.ops.actor import RUN_MARKER, actor_of
from ccc.ops.adoptable import Found, find_adoptable
from ccc.ops.brief import render_brief
from ccc.ops.observe import HEADS, all_sessions
from ccc.ops.policy import Policy, local_policy, target_policy_of
from ccc.ops.spawn import Plan, copy_files, set_up
from ccc.ops.workspace import Workspace
from ccc.platform import trees
from ccc.store.crashpoints import reached
from ccc.store.lock import locked
from ccc.store.protocol import State

ROLE = "implementation"
SUBJECT_LENGTH = 500


@dataclass(frozen=True)
class Request:
    """What `adopt` was asked for: a branch or a path; None where the default holds."""

    what: str
    role: str = ROLE
    task: str | None = None
    name: str | None = None
    into: str | None = None


@dataclass(frozen=True)
class Adopted:
    """The session, and whether its work tree was there before (else it was made now)."""

    session: Session
    by_hand: bool


@dataclass(frozen=True)
class Adoption:
    """Everything decided before anything is made."""

    plan: Plan
    found: Found
    policy: Policy
    role: str
    task: str
    brief: bytes

    @property
    def former(self) -> str | None:
        """The admin directory's name of a work tree made by hand."""
        return self.found.tree.admin if self.found.tree else None


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
        set_up(workspace, adoption.policy, session)
    return Adopted(session, adoption.former is not None)


def _check(workspace: Workspace, request: Request) -> None:
    """What can be seen without looking at branches; sessions are refused, as by `close`."""
    spawning.check(
        workspace, spawning.Request(request.role, "adopt" if request.task is None else request.task)
    )
    actor = actor_of(workspace)
    if actor.session is not None or trees.marked_above(RUN_MARKER) is not None:
        raise InsideAgent(
            f"git ccc adopt is not for sessions: it takes somebody's work under ccc's care ({actor.agent})",
            f"ask the human to run, in the main checkout: git ccc adopt {shlex.quote(request.what)}",
        )


@contextmanager
def _claimed(workspace: Workspace, request: Request) -> Iterator[Adoption]:
    """Plans, claims the name and renames the admin directory under the lock; undoes it on any failure."""
    with locked(workspace.layout.lock):
        adoption = _plan(workspace, request)
        plan = adoption.plan
        claim = _claim(adoption)
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


def _claim(adoption: Adoption) -> leftovers.Claim:
    """A work tree made by hand is named by `former` alone, so that nobody deletes it with its branch."""
    request = spawning.Request(adoption.role, adoption.task)
    claim = adoption.plan.claim(request)
    return claim if adoption.former is None else replace(claim, branch="", former=adoption.former)


def _plan(workspace: Workspace, request: Request) -> Adoption:
    known = all_sessions(workspace.reader.state())
    making = leftovers.unsettled(workspace)
    found = find_adoptable(workspace, request.what, known)
    former = found.tree.admin if found.tree else None
    if any(claim.branch == found.branch or (former and claim.former == former) for claim in making):
        raise StoreBusy(f"another command is just taking {found.branch}", "try again")
    target, policy = _target(workspace, request, found.branch)
    base = _base(workspace, target, found)
    identifier, settings, actor = ids.new_id(), policy.settings, actor_of(workspace)
    name = _name(workspace, policy, request, found, identifier, {session.name for session in known})
    living = [session for session in known if session.closed is None]
    place = naming.folder(workspace, settings)
    if found.tree is None:
        naming.require_outside(workspace, place)
    plan = Plan(
        id=identifier,
        name=name,
        branch=found.branch,
        path=place / name if found.tree is None else found.tree.path,
        target=target,
        base=base,
        alias=aliases.choose(
            {session.alias for session in living if session.alias} | {claim.alias for claim in making},
            settings.names,
        ),
        ports=naming.free_ports(
            settings, {session.ports for session in living} | {claim.ports for claim in making}
        ),
        by=actor.by,
        parent=None,
        after=(),
        origin=None,
    )
    task = request.task if request.task is not None else _last_subject(workspace, found)
    brief = render_brief(workspace, policy, role=request.role, task=task, plan=plan)
    return Adoption(plan, found, policy, request.role, task, brief.encode("utf-8"))


def _target(workspace: Workspace, request: Request, branch: str) -> tuple[str, Policy]:
    """--into, else configured, else the main checkout's branch; and the policy that decides.

    Raises Refused (none, or the branch itself), NotFound.
    """
    policy = local_policy(workspace)
    named = request.into or policy.settings.target or repositories.main_branch(workspace.repository)
    if named is None:
        raise Refused("HEAD is detached, so there is no branch to land on", "name one: --into BRANCH")
    target = named.removeprefix(HEADS)
    if target == branch:
        raise Refused(f"{branch} would have to land on itself", "name another branch: --into BRANCH")
    if repositories.resolve(workspace.git, HEADS + target) is None:
        raise NotFound(f"no branch {target} to land on", "git branch lists the branches")
    return target, policy if actor_of(workspace).agent is None else target_policy_of(workspace, target)


def _base(workspace: Workspace, target: str, found: Found) -> str:
    """Where the branch left its target."""
    tip = repositories.resolve(workspace.git, HEADS + target)
    base = history.merge_base(workspace.git, tip, found.tip) if tip is not None else None
    if base is None:
        raise Refused(
            f"{found.branch} and {target} have no commit in common", "name another branch: --into BRANCH"
        )
    return base


def _name(
    workspace: Workspace,
    policy: Policy,
    request: Request,
    found: Found,
    identifier: str,
    names: Collection[str],
) -> str:
    """`<role>-<last part of the branch>`, or as asked; free among sessions, entries and admin directories."""
    own = found.tree.admin if found.tree else None
    taken = {*names, *(entry.name for entry in workspace.layout.worktrees.iterdir())}
    for admin in (workspace.repository.common / "worktrees").glob(f"{ADMIN_PREFIX}*"):
        if admin.name != own:
            taken.add(admin.name.removeprefix(ADMIN_PREFIX))
    wanted = ids.slug(found.branch.rpartition("/")[2], identifier)
    if request.name is not None:
        wanted = naming.explicit(request.role, request.name).removeprefix(f"{request.role}-")
    counts_on = request.name is None
    return naming.choose(policy.settings, request.role, wanted, taken, (), counts_on=counts_on).name


def _last_subject(workspace: Workspace, found: Found) -> str:
    subject = workspace.git.text("log", "-1", "--format=%s", found.tip)
    text = subject.encode("utf-8", "replace").decode("utf-8")[:SUBJECT_LENGTH].strip()
    return text or f"Work on {found.branch}"


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
        "priority": 0,
        "ports": plan.ports,
        "brief.md": ids.object_id("blob", adoption.brief),
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
