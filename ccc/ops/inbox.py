"""The inbox: everything that waits for a person, as a view of what is recorded."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from ccc.domain import conflicts, messages, reserving, staleness
from ccc.domain.canonical import Value
from ccc.domain.cells import values
from ccc.domain.events import Draft
from ccc.domain.landings import Entry
from ccc.domain.messages import Message, Whom
from ccc.domain.sessions import Session, twins
from ccc.errors import Ambiguous, BadConfig, GitFailed, NotFound, Refused
from ccc.ids import LEAST_PREFIX, short
from ccc.ops.acknowledging import Decides, arrived
from ccc.ops.actor import actor_of
from ccc.ops.agent_items import of_agent
from ccc.ops.approved import can_land, missing, of_approved, of_one
from ccc.ops.items import (
    Entries,
    approval,
    entries_of,
    is_branch_gone,
    is_ready,
    item,
    of_configuration,
    of_journal,
    of_session,
    of_targets,
    stale_approval,
)
from ccc.ops.items import Item as Item
from ccc.ops.look import Picture, Sighting, look
from ccc.ops.message_items import for_session, of_messages
from ccc.ops.stale import Stale, stale
from ccc.ops.tampering import of_state
from ccc.ops.workspace import Workspace
from ccc.runs import mail
from ccc.runs.files import SessionFiles
from ccc.store.protocol import State

if TYPE_CHECKING:
    from ccc.ops.landing.outlook import Outlook

ACKNOWLEDGED = "inbox/acks"
LASTING = frozenset({"approval", "question", "permission", "plan", "conflict", "failure"})
"""Kinds that stay true until something is done about them; saying "seen" does not end them."""

NOBODY: Mapping[str, Stale] = MappingProxyType({})

AT_WORK = frozenset({"queued", "starting", "running", "limited", "waiting", "reported"})
"""Statuses of a child for which its parent may well wait in silence."""


def items(workspace: Workspace, picture: Picture) -> tuple[Item, ...]:
    """What waits, oldest first, as far as it can be told without a merge; cheap enough for `status`."""
    entries = entries_of(picture)
    found = stale(workspace, picture)
    approved = of_approved(workspace, picture, entries, found)
    recorded = _recorded(workspace, picture, entries, given_up=found)
    return _unseen(picture, [*recorded, *approved.values()])


def inbox(workspace: Workspace, picture: Picture) -> tuple[Item, ...]:
    """What waits, oldest first, looked at closely: each session that could land is merged with its target.

    Adds conflicts and stale approvals; git is asked only about what has moved since the last time. Nothing
    is recorded.
    """
    entries = entries_of(picture)
    landing = [each for each in picture.sightings if could_land(each, entries.get(each.session.id))]
    looked_at = {each.session.id for each in landing}
    found = {each.id: each for each in _recorded(workspace, picture, entries, looked_at)}
    if landing:
        from ccc.ops.landing.outlook import outlooks  # where a session could land only
        from ccc.ops.resolving.presence import attended

        foreseen = outlooks(workspace, [each.session for each in landing])
        for sighting in landing:
            found.pop(approval(sighting).id, None)
            outlook = foreseen.get(sighting.session.id)  # None: its target is gone, an item of its own
            if outlook is not None:
                own = _landing(workspace, picture, sighting, outlook, entries)
                stands = attended(picture, sighting, outlook, own)
                found.update({each.id: each for each in stands})
    if any(session.landed is not None for session in picture.sessions):
        from ccc.ops.landing.unapproved import of_landings  # where something has landed only

        found.update({each.id: each for each in of_landings(workspace, picture, entries)})
    return _unseen(picture, found.values())


def _recorded(
    workspace: Workspace,
    picture: Picture,
    entries: Entries,
    looked_at: Collection[str] = (),
    given_up: Mapping[str, Stale] = NOBODY,
) -> Iterator[Item]:
    """`looked_at`: sessions that are merged with their target, whose conflict with it is told by that.

    `given_up`: whose approval does not hold any more, where that is not looked at closely.
    """
    delegating = {each.session.parent for each in picture.sightings if each.view.status in AT_WORK}
    for sighting in picture.sightings:
        key = sighting.session.id
        yield from of_session(workspace, sighting, entries.get(key), given_up.get(key))
        yield from of_agent(sighting, delegates=sighting.session.id in delegating)
    if any(session.after for session in picture.sessions):
        from ccc.ops.dependent_items import of_dependents  # where sessions wait for others only

        yield from of_dependents(picture)
    if picture.state.streams(conflicts.KIND):
        from ccc.ops.radar.items import of_conflicts  # where sessions have conflicted only
        from ccc.ops.resolving.presence import busy

        yield from of_conflicts(picture, {*looked_at, *busy(picture)})
    if any(entry.clash is not None for entry in entries.values()):
        from ccc.ops.landing.clashes import of_clashes  # where two have failed together only

        yield from of_clashes(picture)
    if picture.state.streams(reserving.KIND):
        from ccc.ops.reservations.circles import of_circles  # where anything is reserved only

        yield from of_circles(picture)
    yield from of_messages(picture)
    yield from of_targets(picture, workspace.replica)
    yield from of_state(picture, workspace.replica)
    yield from of_journal(workspace.layout)
    if any(_waits_for_a_start(each) for each in picture.sightings):
        yield from of_configuration(workspace)


def _waits_for_a_start(sighting: Sighting) -> bool:
    life = sighting.life
    return sighting.view.status == "queued" or (life is not None and life.unattended)


def _unseen(picture: Picture, found: Iterable[Item]) -> tuple[Item, ...]:
    seen = values(picture.state.stream(ACKNOWLEDGED))
    unseen = {each.id: each for each in _told_apart(picture, found) if each.id not in seen}
    return tuple(sorted(unseen.values(), key=lambda each: (each.since, each.id)))


def _told_apart(picture: Picture, found: Iterable[Item]) -> Iterator[Item]:
    """Where sessions share a name, chosen on two machines offline, items and their commands say which."""
    alike = {each.id: each for each in twins(picture.sessions)}
    for each in found:
        session = alike.get(each.session or "")
        if session is None:
            yield each
            continue
        own = short(session.id)
        words = (own if word == session.name else word for word in each.command.split(" "))
        title = each.title.replace(session.name, f"{session.name} ({own})", 1)
        yield replace(each, title=title, command=" ".join(words))


def could_land(sighting: Sighting, entry: Entry | None) -> bool:
    """Whether a session is so far that its combined tree matters to a person: reported, or queued."""
    session = sighting.session
    if session.closed is not None or session.landed_head or is_branch_gone(sighting):
        return False
    queued = entry is not None and entry.queued_at is not None
    return queued or sighting.view.status in ("verified", "unchecked", "reported")


def _landing(
    workspace: Workspace,
    picture: Picture,
    sighting: Sighting,
    outlook: Outlook | BadConfig | GitFailed,
    entries: Entries,
) -> Iterator[Item]:
    """What the combined tree of a session says: a conflict, or an approval that is missing or stale."""
    session = sighting.session
    if isinstance(outlook, BadConfig):
        yield _unreadable(sighting, outlook)
        return
    if isinstance(outlook, GitFailed):
        yield _conflict(sighting, session.head, outlook.message)
        return
    base, head, verdict = outlook.base, outlook.head, outlook.verdict
    if verdict.tree is None:
        more = f" and {verdict.conflicts - len(verdict.named)} more"
        text = f"in {', '.join(verdict.named)}{more if verdict.conflicts > len(verdict.named) else ''}"
        yield _conflict(sighting, f"{base}\n{head}", text)
        return
    if session.waits_at is not None:
        yield approval(sighting)
        return
    entry = entries.get(session.id)
    given = entry.approvals if entry else ()
    closely = not outlook.plain and (given or not outlook.required)
    if is_ready(sighting) and not verdict.nothing and closely:
        yield from _by_the_rules(workspace, picture, sighting)
        return
    current = {one.by for one in given if one.covers(base, head, verdict.tree)}
    if not is_ready(sighting) or verdict.nothing:
        return
    if entry is not None and current:
        counted = of_one(workspace, picture, sighting, entry, base)
        yield from () if counted is None else (counted,)
    elif outlook.required:
        if not given:
            yield approval(sighting)
            return
        why = staleness.why(given[-1], session, base, head, picture.sessions)
        yield stale_approval(sighting, Stale(given[-1], why))


def _by_the_rules(workspace: Workspace, picture: Picture, sighting: Sighting) -> Iterator[Item]:
    """Where not every yes counts alike: what is missing still, and whose."""
    from ccc.ops.landing.review import review_of  # where some have said yes only: pydantic, ssh-keygen
    from ccc.ops.peek import peek

    with peek(workspace) as aside:
        shown = review_of(aside, picture, sighting)
    if shown.can_merge and shown.consent.given:
        yield can_land(sighting)
    elif shown.only_approval_missing and shown.consent.given:
        yield missing(sighting, "; ".join(shown.why_not))
    elif shown.only_approval_missing:
        remark, yeses = f"; {'; '.join(shown.why_not)}", shown.consent.yeses
        if yeses and all(yes.stale for yes in yeses):
            yield stale_approval(sighting, Stale(yeses[-1].approval, yeses[-1].why), remark)
        else:
            yield approval(sighting, remark)


def _unreadable(sighting: Sighting, error: BadConfig) -> Item:
    target = sighting.session.target
    title = f"the configuration on {target} cannot be read, so nothing can land there"
    key, since = f"{target}\n{error.message}", sighting.view.since
    command = f"git log -1 -p {shlex.quote(target)} -- .ccc"
    return item("failure", None, key, title=title, text=error.message, since=since, command=command)


def _conflict(sighting: Sighting, key: str, text: str) -> Item:
    session = sighting.session
    title = f"{session.name} conflicts with {session.target}"
    command = f"git ccc review {session.name}"
    since = sighting.view.since
    return item("conflict", session, key, title=title, text=text, since=since, command=command)


def caller(workspace: Workspace, picture: Picture) -> Session | None:
    """The session that asks for its inbox; None where it is the people's."""
    identifier = actor_of(workspace).session
    return next((each for each in picture.sessions if identifier in (each.id, each.name)), None)


def own(workspace: Workspace, picture: Picture, session: Session) -> tuple[Item, ...]:
    """What a session finds in its inbox: its messages, and what those that it spawned want of somebody."""
    children = {each.id for each in picture.sessions if each.parent == session.id}
    waiting = [each for each in items(workspace, picture) if each.session in children]
    return tuple(sorted([*for_session(picture, session), *waiting], key=lambda each: (each.since, each.id)))


def receive(workspace: Workspace, session: Session, shown: Iterable[Item]) -> int:
    """Records that a session was shown messages that had not arrived yet; how many."""
    shown_ids = [each.id for each in shown if each.kind == "message"]
    about, by, at = Whom(session.id, session.name), f"s:{session.id}", workspace.now()

    def decide(state: State) -> Sequence[Draft]:
        found = [_message(state, each) for each in shown_ids]
        fresh = [each.id for each in found if each is not None and each.to == session.id and each.waits]
        return [messages.read(each, about=about, at=at, by=by) for each in fresh]

    arrived = len(workspace.store.transact(decide)) if shown_ids else 0
    for each in shown_ids:
        mail.taken(SessionFiles.of(workspace.layout, session.id), each)
    return arrived


def acknowledge(
    workspace: Workspace, references: Sequence[str], session: Session | None = None
) -> list[Item]:
    """Marks items as seen, those named or none of them; a message is acknowledged. Gives each once.

    EVERYBODY stands for every message that this inbox shows now and showed its session before. `session`:
    in whose inbox (None: the people's). A message that entered the session's conversation is in no inbox,
    and acknowledged all the same. Raises NotFound, Ambiguous, Refused for one that stays true.
    """
    workspace.require()
    picture = look(workspace)
    waiting = inbox(workspace, picture) if session is None else own(workspace, picture, session)
    found: dict[str, tuple[Item, Decides]] = {}
    for reference in _spelt_out(picture.state, references, waiting):
        one, decides = _to_acknowledge(workspace, picture, waiting, reference, session)
        found[one.id] = one, decides
    workspace.store.transact(
        lambda state: [draft for _, decides in found.values() for draft in decides(state)]
    )
    return [one for one, _ in found.values()]


def _spelt_out(state: State, references: Iterable[str], waiting: Iterable[Item]) -> Iterator[str]:
    """The references with EVERYBODY as the ids it stands for: nobody deals with what nobody was shown."""
    for reference in references:
        if reference.strip().lower() != messages.EVERYBODY:
            yield reference
            continue
        for each in waiting:
            message = _message(state, each.id)
            unread = message is not None and message.waits and message.to != messages.ORCHESTRATOR
            if each.kind == "message" and not unread:
                yield each.id


def _to_acknowledge(
    workspace: Workspace,
    picture: Picture,
    waiting: Sequence[Item],
    reference: str,
    session: Session | None,
) -> tuple[Item, Decides]:
    """The item meant, and what marks it as seen. Raises NotFound, Ambiguous, Refused."""
    try:
        found = fitting(reference, waiting)
    except NotFound:
        known = arrived(workspace, picture, reference, session)
        if known is None:
            raise
        return known
    if found.kind in LASTING:
        raise Refused(f"{short(found.id)} stays until something is done about it", found.command)
    by = actor_of(workspace).by or "ccc"
    return found, lambda state: (_seen(state, picture, found, by),)


def _seen(state: State, picture: Picture, found: Item, by: str) -> Draft:
    message = _message(state, found.id)
    if message is not None:
        names = {each.id: each.name for each in picture.sessions}
        whom = message.to if message.to in names else message.from_session
        about = Whom(whom, names.get(whom or "", messages.ORCHESTRATOR))
        return messages.acknowledged(message.id, about=about, by=by)
    record: dict[str, Value] = {"by": by}
    changes: dict[str, dict[str, Value]] = {ACKNOWLEDGED: {found.id: record}}
    return Draft("inbox.acknowledged", "ccc", f"seen: {found.title}", changes, by=by)


def _message(state: State, identifier: str) -> Message | None:
    return messages.from_cells(identifier, state.stream(messages.stream_of(identifier)))


def fitting(reference: str, waiting: Iterable[Item]) -> Item:
    """The item meant by its id or a prefix of it. Raises NotFound, Ambiguous."""
    wanted = reference.strip().lower()
    found = [each for each in waiting if len(wanted) >= LEAST_PREFIX and each.id.startswith(wanted)]
    if not found:
        raise NotFound(f"no item {reference} in the inbox", "git ccc inbox")
    if len(found) > 1:
        raise Ambiguous(f"{reference} fits {len(found)} items", ", ".join(short(each.id) for each in found))
    return found[0]
