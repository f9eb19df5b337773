"""A session hears what comes of those that it spawned: one message for each thing, the newest of each child.

What it heard by its own `wait` it is not told again. A mark in the child's stream says which occasions its
parent knows; message and mark are one step.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from ccc import ids
from ccc.domain import sessions
from ccc.domain.canonical import Value
from ccc.domain.cells import values
from ccc.domain.events import Draft
from ccc.domain.messages import Whom
from ccc.domain.occasions import Occasion
from ccc.domain.sessions import Session
from ccc.ops.inbox import caller
from ccc.ops.look import Picture, Sighting
from ccc.ops.mail import messages_of
from ccc.ops.notices.arise import occasions
from ccc.ops.parcels import Parcel, Plan, planned
from ccc.ops.receivers import Receiver, Sender
from ccc.ops.tell import SENDER, cut, hand_over
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.runs import mail
from ccc.runs.files import SessionFiles
from ccc.runs.mail import Letter
from ccc.store import journal
from ccc.store.protocol import State

WORDS = ("waiting", "limited", "paused", "verified", "unchecked", "blocked", "failed", "stopped", "lost")
"""What a parent hears of; a landing is a person's doing, and messages it gets as such."""

WAKING = frozenset(WORDS) - {"limited"}
"""A limit passes by itself: a parent at rest is not started for it, and reads of it when it goes on."""

MOST_WAKES = 20
"""How often one child starts its parent again: two that answer each other are stopped by that."""

AWAKE = ("starting", "running", "idle", "waiting", "limited")
"""Statuses of a parent that is started for its mail: not one that has reported, ended, or was paused."""

MARK = "parent_knows"


@dataclass(frozen=True)
class Known:
    """What the parent knows of a child: ids of occasions that still are, and how often it was started."""

    ids: frozenset[str]
    wakes: int


def tell_parents(workspace: Workspace, picture: Picture) -> bool:
    """Tells every parent what it does not know yet of its children here; whether there was anything."""
    open_ones = {each.session.id: each for each in picture.sightings if each.session.closed is None}
    children = [
        each
        for each in open_ones.values()
        if each.session.parent in open_ones and each.session.where == workspace.replica
    ]
    if not children:
        return False
    now = _by_session(occasions(workspace, picture))
    done = False
    for child in children:
        parent = open_ones[str(child.session.parent)]
        found = [each for each in now.get(child.session.id, ()) if not _own_doing(child, parent, each)]
        if {each.id for each in found} - known(picture.state, child.session).ids:
            done |= _tell(workspace, parent, child.session, found)
    return done


def heard(workspace: Workspace, picture: Picture, told: Collection[str]) -> None:
    """Remembers that the calling session, if it is one, was just told of those among `told` (ids)."""
    parent = caller(workspace, picture)
    if parent is None:
        return
    mine = {each.id: each for each in picture.sessions if each.parent == parent.id and each.id in told}
    if not mine:
        return
    for identifier, found in _by_session(occasions(workspace, picture)).items():
        child = mine.get(identifier)
        before = known(picture.state, child) if child is not None else None
        if child is not None and before is not None and {each.id for each in found} - before.ids:
            fact = _knows(child, parent, found, before.wakes, "heard by its own wait")
            journal.write(workspace.layout, fact)


def known(state: State, child: Session) -> Known:
    """What the parent of a child knows of it."""
    present: Mapping[str, Any] = values(state.stream(sessions.stream_of(child.id)))
    mark = present.get(MARK)
    if not isinstance(mark, Mapping):
        return Known(frozenset(), 0)
    return Known(frozenset(mark.get("ids") or ()), int(mark.get("wakes") or 0))


def _by_session(found: Iterable[Occasion]) -> dict[str, list[Occasion]]:
    sorted_out: dict[str, list[Occasion]] = {}
    for each in found:
        if each.word in WORDS:
            sorted_out.setdefault(each.session, []).append(each)
    return sorted_out


def _own_doing(child: Sighting, parent: Sighting, occasion: Occasion) -> bool:
    """Whether the parent itself has just stopped the child."""
    ending = child.life.ending if child.life is not None else None
    by_parent = ending is not None and ending.why == f"stopped by s:{parent.session.id}"
    return occasion.word == "stopped" and by_parent


def _tell(workspace: Workspace, parent: Sighting, child: Session, found: Sequence[Occasion]) -> bool:
    """Records message and mark in one step, then sets the message on its way."""
    plans: list[Plan] = []
    wakes = _is_to_be_woken(parent, found)
    about = Whom(parent.session.id, parent.session.name)
    receiver = Receiver(parent.session.id, parent.session.name, about, parent)
    topic = f"child {ids.short(child.id)}"
    parcel = Parcel(ids.new_id(), receiver, cut(words(child, found)), topic)

    def decide(state: State) -> Sequence[Draft]:
        before = known(state, child)
        if not {each.id for each in found} - before.ids:
            return ()
        count = before.wakes + int(wakes)
        plans[:] = [planned(messages_of(state), Sender(SENDER, SENDER, None), parcel, workspace.now())]
        return (*plans[0].drafts, _knows(child, parent.session, found, count, "told"))

    if not workspace.store.transact(decide):
        return False
    files = SessionFiles.of(workspace.layout, parent.session.id)
    for replaced in plans[0].replaces:
        mail.taken(files, replaced)
    letter = Letter(plans[0].message, SENDER, parcel.text, workspace.now())
    if parent.session.where != workspace.replica:
        return True  # whoever tends it over there posts what is recorded
    if wakes and known(workspace.store.state(), child).wakes <= MOST_WAKES:
        hand_over(workspace, parent.session, letter)
    else:
        mail.post(files, letter)
    return True


def _is_to_be_woken(parent: Sighting, found: Sequence[Occasion]) -> bool:
    return parent.view.status in AWAKE and any(each.word in WAKING for each in found)


def _knows(child: Session, parent: Session, found: Sequence[Occasion], wakes: int, how: str) -> Draft:
    mark: dict[str, Value] = {"ids": sorted(each.id for each in found), "wakes": wakes}
    changes: dict[str, dict[str, Value]] = {sessions.stream_of(child.id): {MARK: mark}}
    status = ", ".join(dict.fromkeys(each.word for each in found))
    text = f"{parent.name} knows that it is {status}: {how}"
    return Draft("session.parent-told", child.name, text, changes, session=child.id, by=SENDER)


def words(child: Session, found: Sequence[Occasion]) -> str:
    """What a parent reads: facts, the child's own words quoted, and what it can do itself."""
    lines = [f"News of {child.name}, which you spawned:"]
    for each in found:
        quoted = "\n".join(f"  > {line}" for line in each.text.splitlines()[:20])
        lines += [f"- {each.title}", *([quoted] if quoted else [])]
        if each.word == "waiting" and each.command.startswith("git ccc answer"):
            lines.append(f"  You may answer what it asks: {each.command}; a permission is given by a person.")
    return "\n".join([*lines, f"More: git ccc show {child.name}; git ccc output {child.name}"])
