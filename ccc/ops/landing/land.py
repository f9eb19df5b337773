"""Landing: the approved tree becomes the target's next commit, by compare-and-swap."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ccc.domain import sessions
from ccc.domain.events import Draft
from ccc.domain.landings import Intent
from ccc.domain.movements import advanced as advanced_fact
from ccc.domain.sessions import Landed, Session, from_cells
from ccc.errors import CccError, Conflict, NeedsPerson, Refused, StoreBusy
from ccc.git import heads, history
from ccc.git import repository as repositories
from ccc.git.command import Begun
from ccc.git.objects import COMMIT, Commit, build_commit, parse_commit
from ccc.git.repository import RefMoved, RefUpdate
from ccc.ids import short_oid
from ccc.ops import intents
from ccc.ops.intents import LAND_LOCK
from ccc.ops.landing.checkouts import (
    Look,
    begin_bringing,
    bring_along,
    checkouts_of,
    is_free,
    looked_at,
    require_free,
    require_unchanged,
)
from ccc.ops.landing.combine import advance_tree, tree_of
from ccc.ops.landing.following import Ahead, look_ahead, looked_ahead, move_branch
from ccc.ops.landing.making import approval_words, make, method_of
from ccc.ops.landing.overtaken import Overtaken as Overtaken
from ccc.ops.landing.pushing import has, push, remote_of, require_at
from ccc.ops.landing.review import REQUEST, Review, moved_by, review
from ccc.ops.landing.turns import turn
from ccc.ops.observe import HEADS, local_sessions
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.store.crashpoints import reached
from ccc.store.lock import locked
from ccc.store.protocol import State

if TYPE_CHECKING:
    from ccc.config.model import Land

PUSH = "push"


@dataclass(frozen=True)
class Landing:
    """What a landing did: the commit, and what is worth saying aloud."""

    session: Session
    commit: str
    tree: str
    approval: str | None
    remarks: tuple[str, ...]


def landed_elsewhere(session: Session) -> bool:
    """Whether its present work was merged on a forge."""
    return session.landed is not None and session.landed_head and "://" in session.landed.how


def landing_of(session: Session) -> Landing:
    """A landing that is over, as a report."""
    landed = session.landed
    assert landed is not None
    return Landing(session, landed.commit, landed.tree, None, (landed.how,))


def land(workspace: Workspace, shown: Review) -> Landing:
    """Lands exactly what was shown, tested and approved.

    Raises NeedsPerson where approval is missing or anything moved since `shown`, Conflict, Refused (dirty
    checkout of the target, nothing to land, failed checks), StoreBusy (another machine's turn). Nothing has
    moved then.
    """
    with locked(workspace.layout.root / LAND_LOCK), ExitStack() as close:
        finish(workspace)
        told, tops = shown.combined, checkouts_of(workspace, shown.combined.target)
        with looked_at(workspace, tops, told.base_tree, told.tree) as looks:
            current = review(workspace, shown.session.id, shown)
            _require_same(shown, current)
            _require_landable(current)
            if _way(current).landing == REQUEST:
                from ccc.ops.landing.requests import ask, waits  # programs of forges, only where one is used

                raise waits(ask(workspace, current))
            ahead = close.enter_context(looked_ahead(workspace, current))
            commit = make(workspace, current)
            ready = close.enter_context(repositories.ready_to_move(workspace.git, _words(current)))
            require_unchanged(looks, current.combined.base, commit)
        reached("land-committed")
        settings = current.combined.policy.settings.sync
        with turn(workspace, settings, current.combined.target, commit) as words:
            reached("land-turned")
            _require_remote(workspace, current)
            require_free(workspace, *moved_by(workspace, current))
            intent = _intend(workspace, current, commit, [look.top for look in looks], ahead)
            reached("land-intended")
            _push(workspace, intent)
            _swap(workspace, current, commit, ready)
            reached("land-swapped")
            remarks = _finish_fresh(workspace, intent, looks, ahead)
        remarks += words
    return Landing(
        current.session, commit, current.combined.tree or "", approval_words(current), tuple(remarks)
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
        hint = current.busy[0].hint if current.busy else f"git ccc review {name}"
        raise Refused(f"{name} cannot land: {'; '.join(current.why_not)}", hint)


def _intend(
    workspace: Workspace, current: Review, commit: str, tops: Sequence[Path], ahead: Ahead | None
) -> Intent:
    combined = current.combined
    intent = Intent(
        session=current.session.id,
        base=combined.base,
        head=combined.head,
        tree=combined.tree or "",
        commit=commit,
        target=combined.target,
        approval=approval_words(current),
        tops=tuple(str(top) for top in tops),
        advance=None if ahead is None else _advance_commit(workspace, combined.head, commit, ahead.trees[1]),
        method=method_of(current),
        remote=_remote(current),
    )
    intents.write(workspace.layout, intent)
    return intent


def _way(current: Review) -> Land:
    """How what lands there is taken there."""
    return current.combined.policy.settings.land.on(current.combined.target)


def _remote(current: Review) -> str | None:
    way = _way(current)
    return way.remote if way.landing == PUSH else None


def _require_remote(workspace: Workspace, current: Review) -> None:
    """Where a remote's target moves first, it must be where the local one is. Raises as `require_at`."""
    name, combined = _remote(current), current.combined
    if name is not None:
        require_at(remote_of(workspace, name, combined.target), combined.target, combined.base)


def _push(workspace: Workspace, intent: Intent) -> None:
    """Moves the remote's target first, where the target's configuration says so. Raises as `push`."""
    if intent.remote is None:
        return
    try:
        remote = remote_of(workspace, intent.remote, intent.target)
        push(remote, intent.target, intent.base, intent.commit)
    except StoreBusy:  # it is not known whether it moved: the next one looks
        raise
    except CccError:
        intents.forget(workspace.layout)
        raise
    reached("land-pushed")


def _follow(workspace: Workspace, intent: Intent) -> None:
    """The local target goes where its remote was pushed to by a landing that was interrupted."""
    if intent.remote is None or _has_happened(workspace, intent):
        return
    if not is_free(workspace, intent.target):
        return  # what was pushed comes by `git pull`, when the rebase is over
    tip = heads.branches(workspace.git, workspace.repository.common).get(HEADS + intent.target)
    if tip == intent.base and has(workspace, intent.remote, intent.target, intent.commit):
        update = RefUpdate(HEADS + intent.target, intent.commit, intent.base)
        repositories.update_refs(workspace.git, [update], "ccc: landed")


def _words(current: Review) -> str:
    return f"ccc: landed {current.session.name}"


def _swap(workspace: Workspace, current: Review, commit: str, ready: Begun | None) -> None:
    combined = current.combined
    update = RefUpdate(HEADS + combined.target, commit, combined.base)
    try:
        repositories.update_refs(workspace.git, [update], _words(current), ready=ready)
    except RefMoved as error:
        intents.forget(workspace.layout)
        raise Overtaken(
            f"{combined.target} moved while landing, so nothing was landed",
            f"git ccc merge {current.session.name}",
        ) from error


def _finish_fresh(
    workspace: Workspace, intent: Intent, looks: Sequence[Look], ahead: Ahead | None
) -> list[str]:
    """As `finish`, for a landing of this very moment: git fills the checkouts while the fact is recorded."""
    begun = [(look.top, begin_bringing(look, intent.base, intent.commit)) for look in looks]
    failed = {}
    try:
        reached("land-bringing")
        workspace.store.drain()
        reached("land-recorded")
        remarks = _advance_landed(workspace, intent, ahead)
    finally:
        for top, each in begun:
            done = each.result(ok=range(256))
            if done.code != 0:
                failed[top] = done.err
    for top, why in failed.items():
        again = bring_along(workspace, top, intent.base, intent.commit)
        remarks += again or [f"{top} may not be whole, look at git status there: {why}"]
    reached("land-checked-out")
    intents.forget(workspace.layout)
    return remarks


def finish(workspace: Workspace) -> list[str]:
    """Brings landings to their end: checkouts, the fact, the session's branch. Call under the landing lock.

    Each step can be repeated: it finishes what a killed landing left. Returns what is worth saying.
    """
    remarks: list[str] = []
    intent = intents.read(workspace.layout)
    if intent is not None:
        _follow(workspace, intent)
        if _has_happened(workspace, intent):
            for top in intent.tops:
                remarks += bring_along(workspace, Path(top), intent.base, intent.commit)
            workspace.store.drain()
            remarks += _advance_landed(workspace, intent)
        intents.forget(workspace.layout)
    for session in local_sessions(workspace.store.state(), workspace.replica):
        if session.landed is not None and session.landed.advanced is None and session.landed_head:
            remarks += _advance(workspace, session)
            intents.forget(workspace.layout)
    return remarks


def _has_happened(workspace: Workspace, intent: Intent) -> bool:
    tip = repositories.resolve(workspace.git, HEADS + intent.target)
    return tip is not None and history.is_ancestor(workspace.git, intent.commit, tip)


def _advance_landed(workspace: Workspace, intent: Intent, ahead: Ahead | None = None) -> list[str]:
    """Takes the branch of what has just landed along; that it will be there is said before."""
    session = from_cells(intent.session, workspace.store.state().stream(sessions.stream_of(intent.session)))
    if session is None or session.landed is None or session.landed.commit != intent.commit:
        return []
    if session.where != workspace.replica or session.closed is not None or not session.landed_head:
        return []
    return _advance(workspace, session, intent, ahead)


def _advance(
    workspace: Workspace, session: Session, intent: Intent | None = None, ahead: Ahead | None = None
) -> list[str]:
    """The session's branch becomes a merge of itself and the landed target that keeps its own files."""
    landed = session.landed
    assert landed is not None
    tip = heads.branches(workspace.git, workspace.repository.common).get(HEADS + session.branch)
    if tip != landed.head or not workspace.reader.objects.has(landed.commit):
        return []  # it has gone on, or another machine landed it and that is not here yet
    if ahead is not None and intent is not None and intent.advance is not None:
        commit, trees = intent.advance, ahead.trees
    else:
        trees = (tree_of(workspace, landed.head), _advance_tree(workspace, session, landed))
        commit = _advance_commit(workspace, landed.head, landed.commit, trees[1])
        intent = intent or _intent_of(session, landed)
        intents.write(workspace.layout, replace(intent, advance=commit), durable=False)
    reached("land-advancing")
    if ahead is None or not ahead.holds(workspace, session, trees):
        ahead = look_ahead(workspace, session, trees)
    postponed = move_branch(workspace, session, landed.head, commit, ahead)
    if postponed:
        return [postponed]
    reached("land-advanced")
    workspace.store.transact(lambda state: _advanced(state, session, commit))
    return []


def _intent_of(session: Session, landed: Landed) -> Intent:
    """That of a landing that is over but for the session's branch."""
    return Intent(
        session=session.id,
        base=landed.base,
        head=landed.head,
        tree=landed.tree,
        commit=landed.commit,
        target=landed.target,
        approval=None,
        tops=(),
        method=landed.method,
        how=landed.how,
    )


def _advance_tree(workspace: Workspace, session: Session, landed: Landed) -> str:
    return advance_tree(workspace, session, tree_of(workspace, landed.commit))


def _advance_commit(workspace: Workspace, head: str, landed: str, tree: str) -> str:
    """The merge of a branch's head and what has landed of it, the same each time."""
    made = parse_commit(workspace.reader.objects.read(landed)[1])
    message = f"Go on after landing as {short_oid(landed)}\n\nCcc-Advance: {landed}\n"
    commit = Commit(tree, (head, landed), made.committer, made.committer, made.date, message)
    return workspace.backend.backend.write(COMMIT, build_commit(commit))


def _advanced(state: State, session: Session, commit: str) -> Sequence[Draft]:
    fresh = from_cells(session.id, state.stream(sessions.stream_of(session.id)))
    if fresh is None or fresh.head == commit:
        return ()
    return (advanced_fact(fresh, commit),)
