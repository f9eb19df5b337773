"""Landing: the approved tree becomes the target's next commit, by compare-and-swap."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ccc.domain import sessions
from ccc.domain.events import Draft
from ccc.domain.landings import Intent
from ccc.domain.movements import advanced as advanced_fact
from ccc.domain.sessions import Session, from_cells
from ccc.domain.status import describe
from ccc.errors import Conflict, GitFailed, NeedsPerson, Refused
from ccc.git import history, worktrees
from ccc.git import repository as repositories
from ccc.git.command import Git
from ccc.git.repository import RefMoved, RefUpdate
from ccc.ids import short_oid
from ccc.ops import intents
from ccc.ops.landing.checkouts import bring_along, checkouts_of, require_clean
from ccc.ops.landing.combine import advance_tree
from ccc.ops.landing.review import Review, review
from ccc.ops.landing.turns import turn
from ccc.ops.observe import HEADS, local_sessions
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.store.crashpoints import reached
from ccc.store.lock import locked
from ccc.store.protocol import State

LAND_LOCK = "land.lock"


class Overtaken(NeedsPerson):
    """Target or branch moved between looking and landing; nothing was landed."""


@dataclass(frozen=True)
class Landing:
    """What a landing did: the commit, and what is worth saying aloud."""

    session: Session
    commit: str
    tree: str
    approval: str | None
    remarks: tuple[str, ...]


def land(workspace: Workspace, shown: Review) -> Landing:
    """Lands exactly what was shown, tested and approved.

    Raises NeedsPerson where approval is missing or anything moved since `shown`, Conflict, Refused (dirty
    checkout of the target, nothing to land, failed checks), StoreBusy (another machine's turn). Nothing has
    moved then.
    """
    with locked(workspace.layout.root / LAND_LOCK):
        finish(workspace)
        current = review(workspace, shown.session.id)
        _require_same(shown, current)
        _require_landable(current)
        tops = checkouts_of(workspace, current.combined.target)
        commit = _commit(workspace, current)
        for top in tops:
            require_clean(workspace, top, current.combined.base, commit)
        settings = current.combined.policy.settings.sync
        with turn(workspace, settings, current.combined.target, commit) as told:
            _intend(workspace, current, commit, tops)
            reached("land-intended")
            _swap(workspace, current, commit)
            reached("land-swapped")
            remarks = finish(workspace)
        remarks += told
    return Landing(
        current.session, commit, current.combined.tree or "", _approval_words(current), tuple(remarks)
    )


def _require_same(shown: Review, current: Review) -> None:
    one, other = shown.combined, current.combined
    if (one.base, one.head, one.tree) != (other.base, other.head, other.tree):
        what = one.target if one.base != other.base else shown.session.name
        raise Overtaken(
            f"{what} moved while you looked, so nothing was landed", f"git ccc merge {shown.session.name}"
        )


def _require_landable(current: Review) -> None:
    name = current.session.name
    if current.combined.conflicts:
        raise Conflict(f"{name}: {current.why_not[0]}", f"git ccc review {name}")
    if current.only_approval_missing:
        raise NeedsPerson(f"{name}: {'; '.join(current.why_not)}", f"git ccc approve {name}")
    if current.why_not:
        raise Refused(f"{name} cannot land: {'; '.join(current.why_not)}", f"git ccc review {name}")


def _approval_words(current: Review) -> str | None:
    people = [
        f"{yes.approval.by} (signed {yes.key})" if yes.key else yes.approval.by
        for yes in current.consent.given
    ]
    return ", ".join(people) or None


def _commit(workspace: Workspace, current: Review) -> str:
    """The merge commit, stored and not yet on any branch; names session, approval, gate and checks."""
    combined = current.combined
    found = repositories.identity(workspace.repository)
    name, mail = found or ("ccc", "ccc@localhost")
    assert combined.tree is not None
    return workspace.git.run(
        "commit-tree",
        combined.tree,
        "-p",
        combined.base,
        "-p",
        combined.head,
        input=_message(current).encode("utf-8", "replace"),
        env={
            "GIT_AUTHOR_NAME": name,
            "GIT_AUTHOR_EMAIL": mail,
            "GIT_COMMITTER_NAME": name,
            "GIT_COMMITTER_EMAIL": mail,
        },
    ).text


def _message(current: Review) -> str:
    session, combined = current.session, current.combined
    title = " ".join(session.task.split())[:60]
    gate = current.gate
    if gate is None or gate.state == "none":
        gate_words = "no gate configured"
    else:
        gate_words = f"{gate.state}: " + ", ".join(describe(command) for command in gate.commands)
    verification = session.verification
    checked = verification is not None and verification.commit == combined.head and verification.commands
    checks = (
        ", ".join(describe(command) for command in verification.commands) if checked and verification else ""
    )
    lines = [
        f"Merge {session.name}: {title}",
        "",
        f"Ccc-Session: {session.name} {session.id}",
        f"Ccc-Approval: {_approval_words(current) or 'none needed'} (tree {short_oid(combined.tree or '')})",
        f"Ccc-Gate: {gate_words}",
        f"Ccc-Checks: {checks or 'unchecked'}",
    ]
    if current.override is not None:
        lines.append(f"Ccc-Override: {' '.join((current.override.override or '').split())}")
    return "\n".join(lines) + "\n"


def _intend(workspace: Workspace, current: Review, commit: str, tops: Sequence[Path]) -> None:
    combined = current.combined
    intent = Intent(
        session=current.session.id,
        base=combined.base,
        head=combined.head,
        tree=combined.tree or "",
        commit=commit,
        target=combined.target,
        approval=_approval_words(current),
        tops=tuple(str(top) for top in tops),
    )
    intents.write(workspace.layout, intent)


def _swap(workspace: Workspace, current: Review, commit: str) -> None:
    combined = current.combined
    update = RefUpdate(HEADS + combined.target, commit, combined.base)
    try:
        repositories.update_refs(workspace.git, [update], f"ccc: landed {current.session.name}")
    except RefMoved as error:
        intents.forget(workspace.layout)
        raise Overtaken(
            f"{combined.target} moved while landing, so nothing was landed",
            f"git ccc merge {current.session.name}",
        ) from error


def finish(workspace: Workspace) -> list[str]:
    """Brings a landing to its end: checkouts, the fact, the session's branch. Call under the landing lock.

    Each step can be repeated; also finishes what a killed landing left. Returns what is worth saying.
    """
    remarks: list[str] = []
    intent = intents.read(workspace.layout)
    if intent is not None:
        if _has_happened(workspace, intent):
            for top in intent.tops:
                remarks += bring_along(workspace, Path(top), intent.base, intent.commit)
            reached("land-checked-out")
            workspace.store.drain()
            reached("land-recorded")
        intents.forget(workspace.layout)
    for session in local_sessions(workspace.store.state(), workspace.replica):
        if session.landed is not None and session.landed.advanced is None and session.landed_head:
            remarks += _advance(workspace, session)
    return remarks


def _has_happened(workspace: Workspace, intent: Intent) -> bool:
    tip = repositories.resolve(workspace.git, HEADS + intent.target)
    return tip is not None and history.is_ancestor(workspace.git, intent.commit, tip)


def _advance(workspace: Workspace, session: Session) -> list[str]:
    """The session's branch becomes a merge of itself and the landed target that keeps its own files."""
    landed = session.landed
    assert landed is not None
    git = workspace.git
    tip = repositories.resolve(git, HEADS + session.branch)
    if tip != landed.head or repositories.resolve(git, landed.commit) is None:
        return []  # it has gone on, or another machine landed it and that is not here yet
    tree = advance_tree(workspace, session, git.text("rev-parse", f"{landed.commit}^{{tree}}"))
    message = f"Go on after landing as {short_oid(landed.commit)}\n\nCcc-Advance: {landed.commit}\n"
    author = git.text("log", "-1", "--format=%an%x00%ae%x00%ct", landed.commit).split("\0")
    env = {
        **{f"GIT_{who}_NAME": author[0] for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": author[1] for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_DATE": f"{author[2]} +0000" for who in ("AUTHOR", "COMMITTER")},
    }
    parents = ("-p", landed.head, "-p", landed.commit)
    commit = git.run("commit-tree", tree, *parents, input=message.encode(), env=env).text
    postponed = _move_branch(workspace, session, landed.head, commit)
    if postponed:
        return [postponed]
    reached("land-advanced")
    workspace.store.transact(lambda state: _advanced(state, session, commit))
    return []


def _advanced(state: State, session: Session, commit: str) -> Sequence[Draft]:
    fresh = from_cells(session.id, state.stream(sessions.stream_of(session.id)))
    if fresh is None or fresh.head == commit:
        return ()
    return (advanced_fact(fresh, commit),)


def _move_branch(workspace: Workspace, session: Session, old: str, new: str) -> str | None:
    """Moves the branch as `merge --ff-only` would in its worktree; words where that is refused there."""
    ref = HEADS + session.branch
    places = [
        tree.path
        for tree in worktrees.listed(workspace.repository)
        if tree.branch == ref and tree.path.is_dir()
    ]
    if not places:
        repositories.update_refs(workspace.git, [RefUpdate(ref, new, old)], "ccc: go on after landing")
        return None
    try:
        Git(places[0]).run("merge", "--ff-only", "--quiet", new)
    except GitFailed as error:
        return (
            f"{session.name} is not brought along yet, its worktree has changes in the way ({error.message})"
        )
    return None
