"""What `adopt` will make, decided before anything is made: name, target, base, task, brief."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from ccc import ids
from ccc.domain import aliases
from ccc.errors import NotFound, Refused, StoreBusy
from ccc.git import history
from ccc.git import repository as repositories
from ccc.git.worktrees import ADMIN_PREFIX
from ccc.ops import leftovers, naming, spawning
from ccc.ops.actor import actor_of
from ccc.ops.adoptable import Found, find_adoptable, tip_of
from ccc.ops.brief import render_brief
from ccc.ops.observe import HEADS, all_sessions
from ccc.ops.policy import Policy, local_policy, target_policy_of
from ccc.ops.retired import all_retired
from ccc.ops.spawn import Plan
from ccc.ops.workspace import Workspace
from ccc.records import dataclass

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

    def claim(self) -> leftovers.Claim:
        """What is claimed; a work tree made by hand by `former` alone, so that nobody deletes it."""
        claim = self.plan.claim(spawning.Request(self.role, self.task))
        return claim if self.former is None else replace(claim, branch="", former=self.former)


def plan_of(workspace: Workspace, request: Request) -> Adoption:
    """What will be made. Raises NotFound (branch, role, target), Refused, StoreBusy (others take it now)."""
    state = workspace.reader.state()
    known = all_sessions(state)
    making = leftovers.unsettled(workspace)
    found = find_adoptable(workspace, request.what, known)
    former = found.tree.admin if found.tree else None
    if any(claim.branch == found.branch or (former and claim.former == former) for claim in making):
        raise StoreBusy(f"another command is just taking {found.branch}", "try again")
    target, policy = _target(workspace, request, found.branch)
    base = _base(workspace, target, found)
    identifier, settings, actor = ids.new_id(), policy.settings, actor_of(workspace)
    names = {each.name for each in known} | {each.name for each in all_retired(state)}
    name = _name(workspace, policy, request, found, identifier, names)
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
    if tip_of(workspace, target) is None:
        raise NotFound(f"no branch {target} to land on", "git branch lists the branches")
    return target, policy if actor_of(workspace).agent is None else target_policy_of(workspace, target)


def _base(workspace: Workspace, target: str, found: Found) -> str:
    """Where the branch left its target."""
    tip = tip_of(workspace, target)
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
