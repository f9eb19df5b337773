"""The radar's round: look, record what changed, tell both sides once; to be run by whoever stays."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ccc import ids
from ccc.domain import conflicts
from ccc.domain.conflicts import Conflict, Unseen
from ccc.domain.events import Draft
from ccc.domain.messages import Message, Whom
from ccc.domain.sessions import Session
from ccc.errors import CccError, GitFailed, StoreBusy
from ccc.git import heads
from ccc.git.mergetree import quarantined
from ccc.ops.mail import messages_of
from ccc.ops.observe import all_sessions
from ccc.ops.parcels import Parcel, Plan, planned
from ccc.ops.radar import present, words, worktrees
from ccc.ops.radar.due import positions_of
from ccc.ops.radar.lines import with_lines
from ccc.ops.radar.matrix import Matrix, matrix
from ccc.ops.radar.memory import Kept
from ccc.ops.radar.settings import settings_of
from ccc.ops.radar.tips import active
from ccc.ops.receivers import Receiver, Sender
from ccc.ops.tell import SENDER, cut
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.runs import lookout, mail
from ccc.runs.files import SessionFiles
from ccc.runs.mail import Letter
from ccc.store.crashpoints import reached
from ccc.store.lock import in_turn
from ccc.store.protocol import State

LOCK = "radar.lock"
WAIT_SECONDS = 60.0


def check(workspace: Workspace, *, afresh: bool = False) -> Matrix | None:
    """A round whatever has moved; None where the radar is off, or another process has just looked.

    `afresh`: every worktree is looked into, also one that was just before.
    """
    if worktrees.folder(workspace.layout) is None:
        return None
    with contextlib.suppress(StoreBusy), in_turn(workspace.layout.root / LOCK, WAIT_SECONDS) as mine:
        if mine:
            return _checked(workspace, afresh)
    return None


def _checked(workspace: Workspace, afresh: bool) -> Matrix | None:
    settings = settings_of(workspace)
    if not settings.on:
        _switch_off(workspace)
        return None
    (workspace.layout.radar / lookout.OFF).unlink(missing_ok=True)
    noted, positions = lookout.due(workspace.layout), positions_of(workspace)
    try:
        seen, found, unseen = _seen(workspace, afresh)
    except GitFailed:  # not again before something moves
        before = present.read(workspace.layout)
        present.write(workspace.layout, replace(before, noted=noted, positions=positions))
        return None
    hidden = frozenset(each.session for each in unseen if each.is_there)
    told = _record(workspace, found, hidden, seen.unmerged)
    reached("radar-recorded")
    _post(workspace, told)
    hot = present.hot_files(seen, settings.hot)
    now = present.Present(seen.target, seen.checked_at, positions, noted, found, hot, unseen)
    present.write(workspace.layout, now)
    return seen


def _seen(workspace: Workspace, afresh: bool = False) -> tuple[Matrix, list[Conflict], tuple[Unseen, ...]]:
    """The matrix with fresh snapshots, its conflicts with their lines, who could not be looked into.

    Raises GitFailed.
    """
    state = workspace.store.state()
    refs = heads.branches(workspace.git, workspace.repository.common)
    unseen = worktrees.refresh(workspace, active(workspace, state, refs), afresh=afresh)
    kept = Kept(workspace)
    seen = matrix(workspace, kept)
    reached("radar-looked")
    place = workspace.layout.radar / "merges-lines"
    git = quarantined(workspace.git, place, workspace.repository.common, worktrees.objects(workspace.layout))
    found = with_lines(git, seen, kept)
    shutil.rmtree(place, ignore_errors=True)
    return seen, found, unseen


def _switch_off(workspace: Workspace) -> None:
    """What was seen is over, and nobody is told: it may well still be so."""
    (workspace.layout.radar / lookout.OFF).touch()

    def decide(state: State) -> Sequence[Draft]:
        return list(_Round(workspace, state, (), []).forgotten())

    workspace.store.transact(decide)
    present.write(workspace.layout, present.Present())


@dataclass(frozen=True)
class _Told:
    session: Session
    plan: Plan


def _record(
    workspace: Workspace,
    found: Sequence[Conflict],
    hidden: frozenset[str],
    unmerged: frozenset[frozenset[str]],
) -> list[_Told]:
    """Records what appeared, changed and went, and the messages about it, in one step.

    What is known of the uncommitted work of who is `hidden` stays so until it can be looked at again, and
    what is known of pairs that git could not merge: that it failed says of no conflict that it is gone.
    """
    told: list[_Told] = []

    def decide(state: State) -> Sequence[Draft]:
        told.clear()
        return list(_Round(workspace, state, found, told, hidden, unmerged).drafts())

    workspace.store.transact(decide)
    return told


class _Round:
    def __init__(
        self,
        workspace: Workspace,
        state: State,
        found: Sequence[Conflict],
        told: list[_Told],
        hidden: frozenset[str] = frozenset(),
        unmerged: frozenset[frozenset[str]] = frozenset(),
    ) -> None:
        self._hidden, self._unmerged = hidden, unmerged
        self._replica, self._now = workspace.replica, workspace.now()
        self._found, self._told = found, told
        self._sessions: Mapping[str, Session] = {each.id: each for each in all_sessions(state)}
        known = conflicts.conflicts_in(state.streams(conflicts.KIND), self._replica)
        self._known = {each.pair: each for each in known}
        self._state = state
        self._messages: list[Message] | None = None

    def drafts(self) -> Iterator[Draft]:
        now = {each.pair for each in self._found}
        for pair, old in self._known.items():
            unseen = old.uncommitted and self._hidden.intersection(pair)
            if pair not in now and not unseen and frozenset(pair) not in self._unmerged:
                yield from self._gone(old)
        for new in self._found:
            before = self._known.get(new.pair)
            if before is None:
                yield from self._appeared(new)
            elif not before.is_like(new):
                same = replace(new, since=before.since, told=before.told)
                text = f"conflicts with {self._name(new.a)} in {words.paths(new)}"
                yield conflicts.appeared(same, self._name(new.b), text, self._replica, changed=True)

    def forgotten(self) -> Iterator[Draft]:
        """Nothing is looked for any more."""
        for old in self._known.values():
            text = f"its conflict with {self._name(old.a)} is not looked after any more"
            yield conflicts.gone(old, self._name(old.b), text, self._replica)

    def _appeared(self, new: Conflict) -> Iterator[Draft]:
        sides = self._sides(new)
        told = tuple(side.name for side in sides)
        text = f"conflicts with {self._name(new.a)} in {words.paths(new)}"
        yield conflicts.appeared(replace(new, told=told), self._name(new.b), text, self._replica)
        for side in sides:
            other = self._other(new, side)
            yield from self._message(new, side, words.appeared(new, side, other))

    def _gone(self, old: Conflict) -> Iterator[Draft]:
        text = f"does not conflict with {self._name(old.a)} any more"
        yield conflicts.gone(old, self._name(old.b), text, self._replica)
        for side in self._sides(old):
            if side.closed is None:
                other = self._name(old.a if side.id == old.b else old.b)
                yield from self._message(old, side, words.gone(old, other))

    def _sides(self, conflict: Conflict) -> list[Session]:
        found = (self._sessions.get(key) for key in conflict.pair)
        return [each for each in found if each is not None]

    def _other(self, conflict: Conflict, side: Session) -> Session | None:
        return self._sessions.get(conflict.a if side.id == conflict.b else conflict.b)

    def _name(self, key: str) -> str:
        session = self._sessions.get(key)
        return session.name if session is not None else key.removeprefix(conflicts.TARGET)

    def _message(self, conflict: Conflict, side: Session, text: str) -> Iterator[Draft]:
        if self._messages is None:
            self._messages = messages_of(self._state)
        receiver = Receiver(side.id, side.name, Whom(side.id, side.name), None)
        other = conflict.a if side.id == conflict.b else conflict.b
        parcel = Parcel(ids.new_id(), receiver, cut(text), f"conflict {ids.short(other)}")
        plan = planned(self._messages, Sender(SENDER, SENDER, None), parcel, self._now)
        self._told.append(_Told(side, plan))
        yield from plan.drafts


def _post(workspace: Workspace, told: Sequence[_Told]) -> None:
    """Puts the messages where hosts find them; an agent at rest is not woken for one."""
    for each in told:
        files = SessionFiles.of(workspace.layout, each.session.id)
        for replaced in each.plan.replaces:
            mail.taken(files, replaced)
        letter = Letter(each.plan.message, SENDER, each.plan.parcel.text, workspace.now())
        with contextlib.suppress(CccError, OSError):
            mail.post(files, letter)
