"""`spawn`: a branch, a worktree, an identity and a brief for one specialist."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from ccc import ids
from ccc.domain import aliases, sessions, targets
from ccc.domain.canonical import Value
from ccc.domain.events import Draft
from ccc.domain.sessions import Limits, Session
from ccc.engines import registry
from ccc.errors import CccError, EngineFailed, NotFound, Refused, StoreBusy
from ccc.git import hookfiles, worktrees
from ccc.git import repository as repositories
from ccc.ops import budgets, byhand, identities, leftovers, naming, preparing, queueing, spawning, starting
from ccc.ops.actor import actor_of
from ccc.ops.desk import desk_of
from ccc.ops.environment import agent_environment
from ccc.ops.find import find
from ccc.ops.observe import HEADS, all_sessions
from ccc.ops.policy import Policy, local_policy, target_policy_of
from ccc.ops.queueing import Begun, Wish
from ccc.ops.retired import all_retired
from ccc.ops.spawning import Request as Request
from ccc.ops.workspace import Workspace
from ccc.platform import processes
from ccc.records import dataclass
from ccc.store.crashpoints import reached
from ccc.store.lock import locked
from ccc.store.protocol import State


@dataclass(frozen=True)
class Spawned:
    """The session, whether it was there already (same key), what is worth saying aloud, and why it waits.

    `stands`: of one that is worked by hand after others, whether it begins on their work.
    """

    session: Session
    existed: bool
    remarks: tuple[str, ...]
    waits: str = ""
    stands: str = ""


@dataclass(frozen=True)
class Plan:
    """Everything decided about a session before anything is made."""

    id: str
    name: str
    branch: str
    path: Path
    target: str
    base: str
    alias: str
    ports: int
    by: str | None
    parent: str | None
    after: tuple[str, ...]
    origin: Session | None

    def claim(self, request: Request) -> leftovers.Claim:
        """What is claimed before anything is made."""
        process = processes.own_identity()
        return leftovers.Claim(
            self.name,
            self.id,
            request.role,
            self.branch,
            self.path,
            process,
            self.alias,
            self.ports,
            request.key,
        )


def spawn(workspace: Workspace, request: Request) -> list[Spawned]:
    """Makes the sessions asked for, one after the other.

    Raises Refused, NotFound (role, base), Usage; on any failure nothing of the failing one is left behind.
    """
    spawning.check(workspace, request)
    request = replace(request, task=workspace.filter.clean(request.task))
    policy = _policy(workspace, request)
    request = _with_engine(workspace, policy, _within_limits(workspace, policy, request))
    made: list[Spawned] = []
    slips = tuple(f"{each.where}: {each.what}; {each.hint}" for each in policy.slips())
    for number in range(1, request.count + 1):
        key = request.key
        if key is not None and request.count > 1:
            key = f"{key}/{number}"
        one = _spawn_one(workspace, policy, replace(request, key=key))
        made.append(one if made else replace(one, remarks=(*slips, *one.remarks)))
    return made


def _policy(workspace: Workspace, request: Request) -> Policy:
    """A person's own checkout decides; for an agent the commit of the target does (CONTRACT §6)."""
    local = local_policy(workspace)
    if actor_of(workspace).agent is None:
        return local
    return target_policy_of(workspace, _target(workspace, local, request))


def _within_limits(workspace: Workspace, policy: Policy, request: Request) -> Request:
    """What an agent gives to a session of its own is at most what that would have anyway."""
    if actor_of(workspace).agent is None or request.limits == Limits():
        return request
    most = budgets.usual(
        workspace, _target(workspace, policy, request), policy.roles.get(request.role), policy
    )
    return replace(request, limits=budgets.bounded(request.limits, most))


def _with_engine(workspace: Workspace, policy: Policy, request: Request) -> Request:
    """The request with its engine settled; one that cannot work here is refused before anything is made.

    What does not start yet may get its engine then; one that is asked for now is known now. Raises
    EngineFailed, NotFound.
    """
    role = policy.roles.get(request.role)
    if not request.start and request.engine is None:
        return request
    reference = starting.engine_of(workspace, policy, role, request.engine)
    if not request.start:
        return replace(request, engine=reference)
    environment = agent_environment(workspace.environment, policy.settings.session.environment)
    registry.make(reference, starting.options_of(policy, reference), environment)
    starting.permission_mode(workspace, _target(workspace, policy, request), role)
    return replace(request, engine=reference, model=request.model or role.front.model)


def _spawn_one(workspace: Workspace, policy: Policy, request: Request) -> Spawned:
    leftovers.clear(workspace)
    known = all_sessions(workspace.store.state())
    existing = _with_key(known, request.key)
    if existing is not None:
        return Spawned(existing, True, (f"{existing.name} was already spawned with this key",))
    with _claimed(workspace, policy, request) as (plan, remarks):
        commit = _brief_commit(workspace, policy, request, plan)
        reached("spawn-briefed")
        _make_worktree(workspace, plan, commit.oid)
        reached("spawn-made")
        copy_files(workspace, policy, plan.path)
        reached("spawn-copied")
        session = _record(workspace, policy, request, plan, commit)
        reached("spawn-recorded")
    if not request.start:
        session, stands = preparing.begin_by_hand(workspace, session)
        byhand.install(workspace, session)
        preparing.set_up(workspace, policy, session)
        return Spawned(session, False, remarks, stands=stands)
    begun = _start(workspace, session, Wish(now=request.now))
    return Spawned(session, False, remarks, begun.why)


def _start(workspace: Workspace, session: Session, wish: Wish) -> Begun:
    """Prepares it and starts its agent, or leaves it in the queue.

    A session whose agent does not start is there all the same, and says so.
    """
    try:
        return queueing.begin(workspace, session, wish)
    except BaseException as error:
        why = error.message if isinstance(error, CccError) else "its spawn was cut off"
        queueing.take_back(workspace, session, why)
        if not isinstance(error, CccError) or isinstance(error, preparing.SetUpFailed):
            raise
        raise EngineFailed(
            f"{session.name} is there, but its agent did not start: {error.message}",
            f"{error.hint}; then: git ccc start {session.name}",
        ) from error


def _with_key(known: Sequence[Session], key: str | None) -> Session | None:
    if key is None:
        return None
    return next((session for session in known if session.key == key), None)


@contextmanager
def _claimed(
    workspace: Workspace, policy: Policy, request: Request
) -> Iterator[tuple[Plan, tuple[str, ...]]]:
    """Claims name, alias, ports and key by the entry; whatever fails inside is cleared away again.

    Planned and claimed under the lock, on what is recorded and what others are making at this moment.
    """
    with locked(workspace.layout.lock):
        plan, remarks = _plan(workspace, policy, request)
        entry = workspace.layout.worktrees / plan.name
        leftovers.claim(entry, plan.claim(request))
    reached("spawn-claimed")
    try:
        yield plan, remarks
    except BaseException:
        leftovers.undo(workspace, plan.name, plan.id, plan.branch, plan.path)
        raise


def _target(workspace: Workspace, policy: Policy, request: Request) -> str:
    """--into, else configured, else the branch checked out (CONTRACT §1)."""
    named = request.into or policy.settings.target
    if named is None:
        head = repositories.branch_at(workspace.repository)
        if head is None:
            raise Refused("HEAD is detached, so there is no branch to land on", "name one: --into BRANCH")
        named = head.removeprefix(HEADS)
    named = named.removeprefix(HEADS)
    if repositories.resolve(workspace.git, HEADS + named) is None:
        if request.into is None and repositories.is_unborn(workspace.repository):
            raise Refused(f"branch {named} has no commit yet", "git commit --allow-empty -m Start")
        raise NotFound(f"no branch {named} to land on", "git branch lists the branches")
    return named


def _base(workspace: Workspace, request: Request, target: str, known: Sequence[Session]) -> str:
    if request.base is None:
        commit = repositories.resolve(workspace.git, HEADS + target)
        assert commit is not None
        return commit
    commit = repositories.resolve(workspace.git, request.base)
    if commit is None:
        try:
            commit = repositories.resolve(workspace.git, HEADS + find(request.base, known).branch)
        except CccError:
            commit = None
    if commit is None:
        raise NotFound(f"no commit {request.base} to start from", "give a branch, commit or session")
    return commit


def _plan(workspace: Workspace, policy: Policy, request: Request) -> tuple[Plan, tuple[str, ...]]:
    state = workspace.reader.state()
    known = all_sessions(state)
    target = _target(workspace, policy, request)
    base = _base(workspace, request, target, known)
    making = leftovers.unsettled(workspace)
    _refuse_same_key(request, known, making)
    living = [session for session in known if session.closed is None]
    identifier, settings, actor = ids.new_id(), policy.settings, actor_of(workspace)
    names = (
        {each.name for each in known}
        | {each.name for each in all_retired(state)}
        | {entry.name for entry in workspace.layout.worktrees.iterdir()}
    )
    wanted = ids.slug(request.task, identifier)
    if request.name is not None:
        wanted = naming.explicit(request.role, request.name).removeprefix(f"{request.role}-")
    refs = repositories.refs(workspace.git, HEADS)
    chosen = naming.choose(settings, request.role, wanted, names, refs, counts_on=request.name is None)
    place = naming.folder(workspace, settings)
    naming.require_outside(workspace, place)
    used = {session.alias for session in living if session.alias} | {claim.alias for claim in making}
    plan = Plan(
        id=identifier,
        name=chosen.name,
        branch=chosen.branch,
        path=place / chosen.name,
        target=target,
        base=base,
        alias=aliases.choose(used, settings.names),
        ports=naming.free_ports(
            settings, {session.ports for session in living} | {claim.ports for claim in making}
        ),
        by=actor.by,
        parent=actor.session,
        after=tuple(dict.fromkeys(find(reference, known).id for reference in request.after)),
        origin=find(request.origin, known) if request.origin else None,
    )
    return plan, chosen.remarks


def _refuse_same_key(request: Request, known: Sequence[Session], making: Sequence[leftovers.Claim]) -> None:
    """Two calls with one key at the same moment: the later one is told to look again."""
    keys = {session.key for session in known} | {claim.key for claim in making}
    if request.key is not None and request.key in keys:
        raise StoreBusy(f"another spawn with the key {request.key} is going on", "try again")


@dataclass(frozen=True)
class BriefCommit:
    """The first commit of a session's branch, and the brief in it."""

    oid: str
    brief: bytes


def _brief_commit(workspace: Workspace, policy: Policy, request: Request, plan: Plan) -> BriefCommit:
    from ccc.ops.brief import commit_brief, render_brief

    text = render_brief(workspace, policy, role=request.role, task=request.task, plan=plan).encode("utf-8")
    text = workspace.filter.clean_bytes(text)
    return BriefCommit(commit_brief(workspace, plan, request.role, text), text)


def _make_worktree(workspace: Workspace, plan: Plan, commit: str) -> None:
    worktrees.add(
        workspace.repository,
        name=plan.name,
        path=plan.path,
        branch=plan.branch,
        commit=commit,
        lock=locked(workspace.layout.lock),
        steps=reached,
    )
    identities.write(workspace)
    hookfiles.refresh(workspace.repository.common)


def copy_files(workspace: Workspace, policy: Policy, top: Path) -> None:
    """Files that git does not carry (`.env`) and the team wants in every worktree."""
    desk = desk_of(workspace)
    if desk is None:
        return
    for pattern in policy.settings.copy_files:
        for source in sorted(desk.glob(pattern)):
            goal = top / source.relative_to(desk)
            if source.is_file() and not goal.exists():
                goal.parent.mkdir(parents=True, exist_ok=True)
                with contextlib.suppress(FileNotFoundError):  # taken away meanwhile
                    shutil.copy2(source, goal)


def _record(
    workspace: Workspace, policy: Policy, request: Request, plan: Plan, commit: BriefCommit
) -> Session:
    fields: dict[str, Value] = {
        "name": plan.name,
        "alias": plan.alias,
        "role": request.role,
        "task": request.task,
        "branch": plan.branch,
        "worktree": str(plan.path),
        "where": workspace.replica,
        "target": plan.target,
        "base": plan.base,
        "head": commit.oid,
        "created_by": plan.by,
        "priority": request.priority,
        "ports": plan.ports,
        "brief.md": ids.blob_id(commit.brief, like=commit.oid),
        "run.1": _first_run(request),
    }
    limits: dict[str, int | None] = asdict(request.limits)
    optional: dict[str, Value] = {
        "parent": plan.parent,
        "key": request.key,
        "after": list(plan.after) or None,
        "start": _first_start(plan, policy) if request.start else None,
        "engine": request.engine,
        "runner": request.runner if request.start else None,
        "from": plan.origin.id if plan.origin else None,
        "model": request.model,
        "limits": {name: value for name, value in limits.items() if value is not None} or None,
    }
    fields.update({name: value for name, value in optional.items() if value is not None})
    tip = repositories.resolve(workspace.git, HEADS + plan.target)

    def decide(state: State) -> Sequence[Draft]:
        changes: dict[str, dict[str, Value]] = {sessions.stream_of(plan.id): fields}
        known = state.stream(targets.stream_of(plan.target))
        if tip is not None and targets.recorded_tip(known, workspace.replica) is None:
            changes.update(targets.seen(plan.target, workspace.replica, tip))
        text = f"spawned on {plan.branch} from {plan.target} {ids.short_oid(plan.base)}"
        draft = Draft(
            "session.spawned", plan.name, text, changes, session=plan.id, by=plan.by, blobs=(commit.brief,)
        )
        return (draft,)

    workspace.store.transact(decide)
    leftovers.settle(workspace.layout.worktrees / plan.name, plan.id, request.role)
    session = sessions.from_cells(plan.id, workspace.store.state().stream(sessions.stream_of(plan.id)))
    assert session is not None
    return session


def _first_run(request: Request) -> dict[str, Value]:
    """Made by hand, or about to be started by this very process."""
    if not request.start:
        return {"status": "created", "why": "made with --no-start"}
    return {"status": "queued", "why": "its agent is being started"}


def _first_start(plan: Plan, policy: Policy) -> dict[str, Value]:
    """The wish for its first start, which this process fulfils, or leaves to others when it dies."""
    return {
        "by": plan.by,
        "maker": processes.own_identity(),
        "prepare": int(bool(policy.settings.setup)),
    }
