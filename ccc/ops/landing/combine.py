"""The exact tree that a landing would make, by git's own merge, without touching any checkout."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ccc.domain import targets
from ccc.domain.sessions import MERGE, Session
from ccc.errors import NotFound
from ccc.git import heads, mergetree, surgery
from ccc.git import repository as repositories
from ccc.git.mergetree import ConflictFile
from ccc.git.objects import parse_commit
from ccc.ops.branches import require_own
from ccc.ops.brief import SESSIONS_FOLDER, folder_of
from ccc.ops.landing.grafts import grafted, landed_otherwise
from ccc.ops.observe import HEADS, all_sessions
from ccc.ops.policy import Policy, target_policy
from ccc.ops.workspace import Workspace
from ccc.records import dataclass


@dataclass(frozen=True)
class Combined:
    """What landing `head` on `base` gives: a tree, or conflicts. `nothing`: the target has it all.

    `base_tree` is the tree of `base`; `grafts` are commits behind `head` whose work `base` has by other ones.
    """

    session: Session
    target: str
    base: str
    head: str
    tree: str | None
    conflicts: tuple[ConflictFile, ...]
    nothing: bool
    policy: Policy
    base_tree: str = ""
    grafts: tuple[str, ...] = ()


def combine(
    workspace: Workspace,
    session: Session,
    onto: str | None = None,
    *,
    known: Sequence[Session] | None = None,
    shown: Combined | None = None,
) -> Combined:
    """The combined tree as of now, on the target's tip or on the commit `onto`; `known`: all sessions.

    `shown` is what the caller combined before: where the commits are the same still, its tree is the one.
    Raises NotFound where branch or target is not here.
    """
    tips = heads.branches(workspace.git, workspace.repository.common)
    base = onto or _tip(workspace, tips, session.target, lambda: target_gone(workspace, session.target))
    require_own(workspace, session, tips.get(HEADS + session.branch))
    head = _tip(
        workspace, tips, session.branch, lambda: _gone(workspace, "session's", session.branch, session.head)
    )
    policy = target_policy(workspace, base, session.target)
    others = all_sessions(workspace.reader.state()) if known is None else known
    grafts = landed_otherwise(workspace.git, others, session.target, base, head)
    if shown is not None and _is_of(workspace, shown, base, head, grafts):
        return replace(shown, session=session, policy=policy)
    return combine_at(workspace, session, base, head, policy, grafts)


def _is_of(workspace: Workspace, shown: Combined, base: str, head: str, grafts: tuple[str, ...]) -> bool:
    """Whether it is what these commits came to, and its tree is stored."""
    same = (shown.base, shown.head, shown.grafts) == (base, head, grafts)
    return same and shown.tree is not None and workspace.reader.objects.has(shown.tree)


def combine_at(
    workspace: Workspace, session: Session, base: str, head: str, policy: Policy, grafts: tuple[str, ...]
) -> Combined:
    """What landing a head on a commit would come to; `policy` is the target's."""
    git = workspace.git
    verdict = mergetree.merge(git, grafted(workspace, base, grafts), head)
    if not policy.settings.keep_session_files:
        verdict = verdict.without(git, SESSIONS_FOLDER)
    base_tree = tree_of(workspace, base)
    nothing = verdict.tree == base_tree
    conflicts = verdict.conflicts
    tree = None if conflicts else verdict.tree
    return Combined(session, session.target, base, head, tree, conflicts, nothing, policy, base_tree, grafts)


def as_landed(workspace: Workspace, session: Session) -> Combined | None:
    """What a session landed, held against where the target was then; None where that is not here any more."""
    landed, objects = session.landed, workspace.reader.objects
    if landed is None or not all(each and objects.has(each) for each in (landed.commit, landed.base)):
        return None
    base = landed.base
    if "://" in landed.how and landed.method == MERGE:
        base = parse_commit(objects.read(landed.commit)[1]).parents[0]  # what the forge had by then
    policy = target_policy(workspace, base, landed.target)
    tree = landed.tree
    under = tree_of(workspace, base)
    return Combined(session, landed.target, base, landed.head, tree, (), tree == under, policy, under)


def tree_of(workspace: Workspace, commit: str) -> str:
    """The tree of a commit. Raises MissingObject."""
    return parse_commit(workspace.reader.objects.read(commit)[1]).tree


def _tip(workspace: Workspace, tips: Mapping[str, str], branch: str, gone: Callable[[], NotFound]) -> str:
    tip = tips.get(HEADS + branch)
    if tip is None or not workspace.reader.objects.has(tip):
        raise gone()
    return tip


def target_gone(workspace: Workspace, target: str) -> NotFound:
    """The error for a target branch that is not there, with the command that brings it back where known."""
    cells = workspace.reader.state().stream(targets.stream_of(target))
    return _gone(workspace, "target", target, targets.last_tip(cells, workspace.replica))


def _gone(workspace: Workspace, which: str, branch: str, last: str | None) -> NotFound:
    stored = last is not None and repositories.resolve(workspace.git, last) is not None
    hint = f"git branch {shlex.quote(branch)} {last}" if stored else "make it again, or fetch it"
    return NotFound(f"the {which} branch {branch} is gone", hint)


def advance_tree(workspace: Workspace, session: Session, landed_tree: str) -> str:
    """The landed tree with the session's own files kept, for the session to go on with."""
    objects = workspace.backend.backend
    names = folder_of(session.name).split("/")
    return surgery.with_same(objects, landed_tree, tree_of(workspace, session.head), names)
