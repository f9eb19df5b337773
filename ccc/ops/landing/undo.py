"""Undoing a landing: the target goes back where nobody has built on it, else a revert commit is added."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ccc.domain import landings, sessions
from ccc.domain.canonical import Value
from ccc.domain.events import Draft
from ccc.domain.movements import landed_value
from ccc.domain.sessions import MERGE, PICKED, SQUASH, Landed, Session, from_cells
from ccc.domain.targets import seen
from ccc.errors import Conflict, NeedsPerson, Refused
from ccc.git import history
from ccc.git import repository as repositories
from ccc.git.command import Git
from ccc.git.repository import RefMoved, RefUpdate
from ccc.git.scratch import scratch
from ccc.git.transport import Remote
from ccc.ids import short_oid
from ccc.ops import undoings
from ccc.ops.actor import require_person_at_keyboard
from ccc.ops.intents import LAND_LOCK
from ccc.ops.landing.checkouts import bring_along, checkouts_of, is_free, require_clean, require_free
from ccc.ops.landing.combine import target_gone
from ccc.ops.landing.lacking import is_taken_back
from ccc.ops.landing.land import PUSH, finish
from ccc.ops.landing.pushing import has, push, remote_of, require_at
from ccc.ops.landing.turns import turn
from ccc.ops.landing.wayback import after, claimed, move, way_of
from ccc.ops.observe import HEADS
from ccc.ops.policy import target_policy_of
from ccc.ops.undoings import GONE, MOVED_BACK, REVERTED, Undoing
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.store.crashpoints import reached
from ccc.store.lock import locked
from ccc.store.protocol import State

SHOWN = 3


@dataclass(frozen=True)
class LandingUndone:
    """What an undone landing did: `target` is at `tip` now; `how` as in `Undoing`."""

    session: Session
    commit: str
    target: str
    tip: str
    how: str
    remarks: tuple[str, ...]


def undo_landing(workspace: Workspace, session: Session) -> LandingUndone:
    """Takes back the session's latest landing.

    The target goes back to where it was, when it still is at the landed commit and no remote-tracking
    branch contains that; else a revert commit is put on top of it. Approvals given for it are withdrawn.
    Raises InsideAgent, Conflict (later changes touch the same lines), Refused (dirty checkout of the
    target), NeedsPerson (the target moved meanwhile), StoreBusy (another machine's turn). Nothing has moved
    then.
    """
    person = require_person_at_keyboard(workspace, "undoing a landing", f"git ccc undo {session.name}")
    with locked(workspace.layout.root / LAND_LOCK):
        finish(workspace)
        resumed = resume(workspace)
        if resumed is not None and resumed.session.id == session.id:
            return resumed
        current = _current(workspace.store.state(), session.id)
        if current is None or current.landed is None:
            raise Refused(f"the landing of {session.name} is undone already", f"git ccc show {session.name}")
        undoing = _plan(workspace, current, current.landed, person)
        _require_free(workspace, undoing)
        for top in undoing.tops:
            require_clean(workspace, Path(top), undoing.old, undoing.new)
        settings = target_policy_of(workspace, undoing.target).settings.sync
        with turn(workspace, settings, undoing.target, undoing.new) as told:
            remote = _remote(workspace, undoing)
            _require_free(workspace, undoing)
            undoings.write(workspace.layout, undoing)
            reached("undo-intended")
            if remote is not None:
                _push(workspace, remote, undoing)
                reached("undo-pushed")
            _swap(workspace, current, undoing)
            reached("undo-swapped")
            done = resume(workspace)
    assert done is not None
    return replace(done, remarks=(*done.remarks, *told))


def resume(workspace: Workspace) -> LandingUndone | None:
    """Brings an undoing to its end, forgets one that has not begun; call under the landing lock.

    Each step can be repeated. None where nothing was being undone, or it had not begun.
    """
    undoing = undoings.read(workspace.layout)
    if undoing is None:
        return None
    session = _current(workspace.store.state(), undoing.session)
    if session is not None:
        _follow(workspace, session, undoing)
    if session is None or not _has_happened(workspace, undoing):
        undoings.forget(workspace.layout)
        return None
    remarks = [
        words for top in undoing.tops for words in bring_along(workspace, Path(top), undoing.old, undoing.new)
    ]
    reached("undo-checked-out")
    remarks += move(workspace, session, undoing)
    reached("undo-branch-back")
    workspace.store.transact(lambda state: _undone(workspace, state, undoing))
    reached("undo-recorded")
    undoings.forget(workspace.layout)
    return LandingUndone(
        _current(workspace.store.state(), undoing.session) or session,
        undoing.commit,
        undoing.target,
        undoing.new,
        undoing.how,
        (*undoing.remarks, *remarks),
    )


def _remote(workspace: Workspace, undoing: Undoing) -> Remote | None:
    """The remote whose target moves first, proven to be where the local one is. Raises as `require_at`."""
    if undoing.remote is None or undoing.new == undoing.old:
        return None
    remote = remote_of(workspace, undoing.remote, undoing.target)
    require_at(remote, undoing.target, undoing.old)
    return remote


def _require_free(workspace: Workspace, undoing: Undoing) -> None:
    if undoing.new != undoing.old:
        require_free(workspace, undoing.target)


def _push(workspace: Workspace, remote: Remote, undoing: Undoing) -> None:
    try:
        push(remote, undoing.target, undoing.old, undoing.new)
    except Refused:
        undoings.forget(workspace.layout)
        raise


def _follow(workspace: Workspace, session: Session, undoing: Undoing) -> None:
    """The local target goes where its remote was pushed to by an undoing that was interrupted."""
    if undoing.remote is None or _has_happened(workspace, undoing):
        return
    if is_free(workspace, undoing.target) and has(workspace, undoing.remote, undoing.target, undoing.new):
        _swap(workspace, session, undoing)


def _current(state: State, identifier: str) -> Session | None:
    return from_cells(identifier, state.stream(sessions.stream_of(identifier)))


def _plan(workspace: Workspace, session: Session, landed: Landed, person: str) -> Undoing:
    git = workspace.git
    tip = repositories.resolve(git, HEADS + landed.target)
    if tip is None:
        raise target_gone(workspace, landed.target)
    if landed.method == PICKED:
        raise Refused(
            f"{session.name} came to {landed.target} in several commits: {landed.how}",
            f"git revert them on {landed.target}; the last one is {short_oid(landed.commit)}",
        )
    way = target_policy_of(workspace, landed.target).settings.land.on(landed.target)
    remote = None
    if not history.is_ancestor(git, landed.commit, tip):
        new, how = tip, GONE
    elif "://" in landed.how:
        new, how = _reverted_there(workspace, session, landed, tip), GONE
    elif tip == landed.commit and not history.contained_in_remote(git, tip):
        new, how = landed.base, MOVED_BACK
    else:
        new = _revert(workspace, session, landed, tip)
        how = GONE if new == tip else REVERTED
        remote = way.remote if how == REVERTED and way.landing == PUSH else None
    tops = () if new == tip else tuple(str(top) for top in checkouts_of(workspace, landed.target))
    undoing = Undoing(session.id, landed.target, landed.commit, tip, new, how, tops, person, None, (), remote)
    back, words = way_of(workspace, session, landed, undoing)
    return replace(undoing, back=back, remarks=(words,) if words else ())


def _reverted_there(workspace: Workspace, session: Session, landed: Landed, tip: str) -> str:
    """The tip of a target that a forge moves, if it does not have the landed changes any more.

    Raises Refused where it has.
    """
    there = landed if landed.method == MERGE else replace(landed, method=SQUASH)
    with contextlib.suppress(Conflict):
        if _revert(workspace, session, there, tip) == tip:
            return tip
    raise Refused(
        f"{session.name} was {landed.how}",
        f"revert it there, bring {landed.target} here by git pull, then again: git ccc undo {session.name}",
    )


def _revert(workspace: Workspace, session: Session, landed: Landed, tip: str) -> str:
    """A commit on top of `tip` without the landed changes; `tip` itself where they are gone already."""
    if is_taken_back(workspace, landed, tip):
        return tip
    with scratch(workspace.repository, workspace.layout, tip) as folder:
        git = Git(folder)
        done = git.run("revert", "--no-commit", *_reverted(landed), ok=range(256))
        if done.code != 0:
            raise _conflict(git, session, landed)
        tree = git.text("write-tree")
    if tree == workspace.git.text("rev-parse", f"{tip}^{{tree}}"):
        return tip
    name, mail = repositories.identity(workspace.repository) or ("ccc", "ccc@localhost")
    identity = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in
                (("NAME", name), ("EMAIL", mail))}  # fmt: skip
    subject = workspace.git.text("log", "-1", "--format=%s", landed.commit)
    message = (
        f'Revert "{subject}"\n\nThis undoes the landing {landed.commit}\n\n'
        f"Ccc-Session: {session.name} {session.id}\nCcc-Undo: {landed.commit}\n"
    )
    arguments = ("commit-tree", tree, "-p", tip)
    return workspace.git.run(*arguments, input=message.encode("utf-8", "surrogateescape"), env=identity).text


def _reverted(landed: Landed) -> tuple[str, ...]:
    """What `git revert` is told: the merge, the one commit, or all that were made again."""
    if landed.method == MERGE:
        return ("-m", "1", landed.commit)
    return (landed.commit,) if landed.method == SQUASH else (f"{landed.base}..{landed.commit}",)


def _reverted_briefly(landed: Landed) -> tuple[str, ...]:
    """The same, for people."""
    commit, base = short_oid(landed.commit), short_oid(landed.base)
    return _reverted(replace(landed, commit=commit, base=base))


def _conflict(git: Git, session: Session, landed: Landed) -> Conflict:
    files = git.lines("diff", "--name-only", "--diff-filter=U", "-z")
    more = f" and {len(files) - SHOWN} more" if len(files) > SHOWN else ""
    where = f" in {', '.join(files[:SHOWN])}{more}" if files else ""
    return Conflict(
        f"undoing the landing of {session.name} conflicts with what came after it{where}",
        f"resolve it by hand on {landed.target}: git revert {' '.join(_reverted_briefly(landed))}",
    )


def _swap(workspace: Workspace, session: Session, undoing: Undoing) -> None:
    if undoing.new == undoing.old:
        return
    update = RefUpdate(HEADS + undoing.target, undoing.new, undoing.old)
    try:
        repositories.update_refs(workspace.git, [update], f"ccc: undid landing of {session.name}")
    except RefMoved as error:
        undoings.forget(workspace.layout)
        raise NeedsPerson(
            f"{undoing.target} moved meanwhile, so nothing was undone", f"git ccc undo {session.name}"
        ) from error


def _has_happened(workspace: Workspace, undoing: Undoing) -> bool:
    tip = repositories.resolve(workspace.git, HEADS + undoing.target)
    if tip is None:
        return False
    if undoing.how == MOVED_BACK:
        return not history.is_ancestor(workspace.git, undoing.commit, tip)
    return history.is_ancestor(workspace.git, undoing.new, tip)


def _undone(workspace: Workspace, state: State, undoing: Undoing) -> Sequence[Draft]:
    session = _current(state, undoing.session)
    if session is None or session.landed is None or session.landed.commit != undoing.commit:
        return ()
    own, tip = after(workspace, session, undoing)
    merges = landings.stream_of(session.id)
    approvals: dict[str, Value] = {
        field: None for field in state.stream(merges) if field.startswith(landings.APPROVAL)
    }
    changes = {sessions.stream_of(session.id): own}
    if approvals:
        changes[merges] = approvals
    if undoing.how != GONE:
        changes.update(seen(undoing.target, workspace.replica, undoing.new))
    ways = {
        MOVED_BACK: f"back to {short_oid(undoing.new)}",
        REVERTED: f"reverted by {short_oid(undoing.new)}",
        GONE: "which it did not contain any more",
    }
    return (
        Draft(
            type="session.landing-undone",
            subject=undoing.target,
            text=f"undid landing {short_oid(undoing.commit)} of {session.name}, {ways[undoing.how]}",
            session=session.id,
            changes=changes,
            by=undoing.by,
            data={"landed": landed_value(session.landed), "how": undoing.how, "tip": undoing.new},
        ),
        *claimed(session, session.landed, undoing, tip),
    )
