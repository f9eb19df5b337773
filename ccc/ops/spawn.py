"""`spawn`: a branch, a worktree, an identity and a brief for one specialist."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ccc import ids
from ccc.domain import aliases, sessions, targets
from ccc.domain.canonical import Value
from ccc.domain.events import Draft
from ccc.domain.sessions import Session
from ccc.errors import CccError, EngineFailed, NotFound, Refused, Usage
from ccc.git import hookfiles, version, worktrees
from ccc.git import repository as repositories
from ccc.ops import identities, leftovers
from ccc.ops.actor import actor_of
from ccc.ops.find import find
from ccc.ops.observe import HEADS, all_sessions
from ccc.ops.policy import Policy, local_policy
from ccc.ops.workspace import Workspace
from ccc.store.crashpoints import reached
from ccc.store.protocol import State


@dataclass(frozen=True)
class Request:
    """What `spawn` was asked for; None where the default of CONTRACT §1 holds."""

    role: str
    task: str
    name: str | None = None
    base: str | None = None
    into: str | None = None
    priority: int = 0
    key: str | None = None
    count: int = 1
    after: tuple[str, ...] = ()
    start: bool = False


@dataclass(frozen=True)
class Spawned:
    """The session, whether it was there already (same key), and what is worth saying aloud."""

    session: Session
    existed: bool
    remarks: tuple[str, ...]


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


def spawn(workspace: Workspace, request: Request) -> list[Spawned]:
    """Makes the sessions asked for, one after the other.

    Raises Refused, NotFound (role, base), Usage; on any failure nothing of the failing one is left behind.
    """
    _check(workspace, request)
    policy = local_policy(workspace)
    policy.roles.get(request.role)
    if request.start:
        raise EngineFailed("no engine can be started yet", "add --no-start and work in the worktree by hand")
    made = []
    for number in range(1, request.count + 1):
        key = request.key
        if key is not None and request.count > 1:
            key = f"{key}/{number}"
        made.append(_spawn_one(workspace, policy, replace(request, key=key)))
    return made


def _check(workspace: Workspace, request: Request) -> None:
    workspace.require()
    version.require(workspace.git)
    workspace.require_person()
    if not request.task.strip():
        raise Usage("the task is empty", 'git ccc spawn ROLE "TASK"')
    if "\0" in request.task:
        raise Usage("the task contains a NUL byte")
    if request.count < 1:
        raise Usage("--count must be at least 1")
    if request.role in ids.RESERVED_ROLES:
        raise Usage(f"{request.role} is a reserved word, not a role", "git ccc roles")


def _spawn_one(workspace: Workspace, policy: Policy, request: Request) -> Spawned:
    leftovers.clear(workspace)
    known = all_sessions(workspace.store.state())
    existing = _with_key(known, request.key)
    if existing is not None:
        return Spawned(existing, True, (f"{existing.name} was already spawned with this key",))
    with _claimed(workspace, policy, request, known) as (plan, remarks):
        commit = _brief_commit(workspace, policy, request, plan)
        reached("spawn-briefed")
        _make_worktree(workspace, plan, commit.oid)
        reached("spawn-made")
        _copy_files(workspace, policy, plan)
        reached("spawn-copied")
        session = _record(workspace, request, plan, commit)
        reached("spawn-recorded")
    _set_up(policy, session)
    return Spawned(session, False, remarks)


def _with_key(known: Sequence[Session], key: str | None) -> Session | None:
    if key is None:
        return None
    return next((session for session in known if session.key == key), None)


@contextmanager
def _claimed(
    workspace: Workspace, policy: Policy, request: Request, known: Sequence[Session]
) -> Iterator[tuple[Plan, tuple[str, ...]]]:
    """Claims a free name by creating its entry; whatever fails inside is cleared away again."""
    identifier = ids.new_id()
    target = _target(workspace, policy, request)
    base = _base(workspace, request, target, known)
    remarks: list[str] = []
    while True:
        plan = _plan(workspace, policy, request, identifier, target, base, known, remarks)
        entry = workspace.layout.worktrees / plan.name
        try:
            leftovers.claim(entry, plan.id, request.role, plan.branch, plan.path)
            break
        except FileExistsError:
            if request.name is not None:
                raise _taken(plan.name) from None
    reached("spawn-claimed")
    try:
        yield plan, tuple(dict.fromkeys(remarks))
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


def _plan(
    workspace: Workspace,
    policy: Policy,
    request: Request,
    identifier: str,
    target: str,
    base: str,
    known: Sequence[Session],
    remarks: list[str],
) -> Plan:
    entries = {path.name for path in workspace.layout.worktrees.iterdir()}
    refs = repositories.refs(workspace.git, HEADS)
    name, branch = _names(policy, request, identifier, {s.name for s in known} | entries, set(refs), remarks)
    actor = actor_of(workspace)
    living = [session for session in known if session.closed is None]
    return Plan(
        id=identifier,
        name=name,
        branch=branch,
        path=_folder(workspace, policy) / name,
        target=target,
        base=base,
        alias=aliases.choose({session.alias for session in living if session.alias}, policy.settings.names),
        ports=_ports(policy, living),
        by=actor.by,
        parent=actor.session,
        after=tuple(find(reference, known).id for reference in request.after),
    )


def _names(
    policy: Policy, request: Request, identifier: str, names: set[str], refs: set[str], remarks: list[str]
) -> tuple[str, str]:
    """Session name and branch, both free. A derived name counts on, a taken explicit one is refused."""
    prefix = _prefix(policy.settings.branch_prefix, request.role, refs, remarks)
    if request.name is not None:
        slug = _explicit(request.name)
        name = slug if slug.startswith(f"{request.role}-") else f"{request.role}-{slug}"
        branch = f"{prefix}{name.removeprefix(request.role + '-')}"
        if name in names or HEADS + branch in refs:
            raise _taken(name)
        return name, branch
    wanted = ids.slug(request.task, identifier)
    number = 1
    while True:
        slug = wanted if number == 1 else f"{wanted}-{number}"
        name, branch = f"{request.role}-{slug}", f"{prefix}{slug}"
        if name not in names and HEADS + branch not in refs:
            return name, branch
        number += 1


def _explicit(name: str) -> str:
    slug = ids.slug(name, "")
    if slug != name:
        raise Usage(
            f"{name} is not a name: lower-case letters, digits and single dashes, at most 40",
            f"--name {slug}",
        )
    return slug


def _taken(name: str) -> Refused:
    return Refused(f"the name {name} is taken", f"choose another --name, or: git ccc show {name}")


def _prefix(configured: str, role: str, refs: set[str], remarks: list[str]) -> str:
    """`ccc/<role>/`, or `ccc-<role>/` where a branch `ccc` or `ccc/<role>` stands in the way."""
    for blocking in (configured, f"{configured}/{role}"):
        if HEADS + blocking in refs:
            remarks.append(f"branch {blocking} is in the way, so this one is called {configured}-{role}/...")
            return f"{configured}-{role}/"
    return f"{configured}/{role}/"


def _folder(workspace: Workspace, policy: Policy) -> Path:
    """Where worktrees go: beside the repository, or as configured (relative to the main checkout)."""
    top = workspace.checkout or workspace.repository.common
    configured = policy.settings.worktree_dir
    if configured:
        return (top / configured.replace("<repo>", top.name)).resolve()
    return top.parent / f"{top.name}.ccc"


def _ports(policy: Policy, living: Sequence[Session]) -> int:
    taken = {session.ports for session in living}
    port = policy.settings.ports_base
    while port in taken:
        port += policy.settings.ports_size
    return port


@dataclass(frozen=True)
class BriefCommit:
    """The first commit of a session's branch, and the brief in it."""

    oid: str
    brief: bytes


def _brief_commit(workspace: Workspace, policy: Policy, request: Request, plan: Plan) -> BriefCommit:
    from ccc.ops.brief import commit_brief, render_brief

    text = render_brief(policy, role=request.role, task=request.task, plan=plan).encode("utf-8")
    return BriefCommit(commit_brief(workspace, plan, request.role, text), text)


def _make_worktree(workspace: Workspace, plan: Plan, commit: str) -> None:
    from ccc.store.lock import locked

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


def _copy_files(workspace: Workspace, policy: Policy, plan: Plan) -> None:
    """Files that git does not carry (`.env`) and the team wants in every worktree."""
    if workspace.checkout is None:
        return
    for pattern in policy.settings.copy_files:
        for source in sorted(workspace.checkout.glob(pattern)):
            goal = plan.path / source.relative_to(workspace.checkout)
            if source.is_file() and not goal.exists():
                goal.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, goal)


def _record(workspace: Workspace, request: Request, plan: Plan, commit: BriefCommit) -> Session:
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
        "brief.md": ids.object_id("blob", commit.brief),
        "run.1": {"status": "created", "why": "made with --no-start"},
    }
    optional: dict[str, Value] = {
        "parent": plan.parent,
        "key": request.key,
        "after": list(plan.after) or None,
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


def _set_up(policy: Policy, session: Session) -> None:
    """The team's own set-up commands; one that fails is told, the session stays."""
    for command in policy.settings.setup:
        done = subprocess.run(
            ["sh", "-c", command.run],
            cwd=session.worktree,
            env=session_environment(session),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=command.timeout,
            check=False,
        )
        if done.returncode != 0:
            tail = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
            words = f": {tail[0]}" if tail else ""
            raise Refused(
                f"{session.name} is there, but its set-up {command.run} ended with {done.returncode}{words}",
                f"mend it in {session.worktree}, or: git ccc close {session.name}",
            )


def session_environment(session: Session) -> dict[str, str]:
    """The environment of a session (CONTRACT §1) on top of a scrubbed one."""
    from ccc.ops.environment import scrubbed

    own: dict[str, Any] = {"CCC_SESSION": session.id, "CCC_NAME": session.name, "CCC_ROLE": session.role}
    if session.ports is not None:
        own["CCC_PORT_BASE"] = session.ports
    return {**scrubbed(), **{key: str(value) for key, value in own.items()}}
