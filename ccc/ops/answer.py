"""`answer`: what a person says to a question that waits in the inbox, or a session to its own child."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ccc import ids
from ccc.domain import questions, sessions
from ccc.domain.events import Draft
from ccc.domain.life import Request
from ccc.domain.messages import first_words
from ccc.domain.sessions import Session, from_cells
from ccc.domain.status import open_questions, unanswered
from ccc.errors import Ambiguous, NotFound, Refused, Usage
from ccc.ops import agent_items, control
from ccc.ops.actor import actor_of, decider_of
from ccc.ops.agent_items import ALLOW, DECISIONS, DENY
from ccc.ops.delivery import Sent, deliver
from ccc.ops.find import find
from ccc.ops.inbox import inbox, items
from ccc.ops.items import Item
from ccc.ops.look import Picture, Sighting, look
from ccc.ops.mail import messages_of
from ccc.ops.parcels import Parcel, Plan, checked, planned
from ccc.ops.receivers import receiver, refuse_unreachable, sender_of
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.store.protocol import State

ANSWERABLE = ("question", "permission")
SHOWN = 100
"""Characters of an answer that the words for the human repeat."""


@dataclass(frozen=True)
class Answered:
    """What was answered, with which words, and the message that carries them (None: told to the engine)."""

    item: Item
    session: Session
    text: str
    sent: Sent | None


def answer(
    workspace: Workspace, reference: str, text: str | None = None, choice: int | None = None
) -> Answered:
    """Answers an item, or the one open question of a session, in words or by the number of a choice.

    Raises NotFound, Ambiguous, Usage; InsideAgent, except for questions of the calling session's children;
    Refused for what is no question, was answered already, or cannot be told to who asked.
    """
    workspace.require()
    picture = look(workspace)
    item = _item(workspace, picture, reference)
    words = checked(_words(item, text, choice), "the answer")
    sighting = next(each for each in picture.sightings if each.session.id == item.session)
    _refuse_agents(workspace, sighting.session, item, words)
    request = _request(sighting, item)
    if request is not None:
        return _tell_engine(workspace, sighting.session, item, request, words)
    refuse_unreachable(workspace, sighting, stopped=True)
    return _send(workspace, picture, sighting, item, words)


def _item(workspace: Workspace, picture: Picture, reference: str) -> Item:
    """By its id, a prefix of it, or by the session that asks. Raises NotFound, Ambiguous, Refused."""
    waiting = [*items(workspace, picture), *_set_aside(picture)]
    wanted = reference.strip().lower()
    found = [each for each in waiting if len(wanted) >= ids.LEAST_PREFIX and each.id.startswith(wanted)]
    if not found:
        session = _asker(workspace, picture, reference, wanted)
        found = [each for each in waiting if each.session == session.id and each.kind in ANSWERABLE]
        if not found:
            raise Refused(f"{session.name} asks nothing", f'git ccc send {session.name} "TEXT"')
    if len(found) > 1:
        shown = ", ".join(f"{ids.short(each.id)} {first_words(each.text)}" for each in found)
        raise Ambiguous(f"{reference} fits {len(found)} items", f"use one of: {shown}")
    if found[0].kind not in ANSWERABLE or found[0].session is None:
        raise Refused(f"{ids.short(found[0].id)} is no question", found[0].command)
    return found[0]


def _set_aside(picture: Picture) -> Iterator[Item]:
    """What sessions asked that were stopped then: no item of the inbox, and may be answered all the same."""
    for sighting in picture.sightings:
        session = sighting.session
        if session.questions and session.closed is None:
            now = {each.id for each in open_questions(session, sighting.life)}
            for question in unanswered(session, sighting.life):
                if question.id not in now:
                    yield agent_items.of_question(session, question)


def _asker(workspace: Workspace, picture: Picture, reference: str, wanted: str) -> Session:
    try:
        return find(reference, picture.sessions)
    except NotFound as error:
        for each in inbox(workspace, picture):  # what only a closer look shows, such as a conflict
            if len(wanted) >= ids.LEAST_PREFIX and each.id.startswith(wanted):
                raise Refused(f"{ids.short(each.id)} is no question", each.command) from error
        raise NotFound(f"no item {reference} in the inbox", "git ccc inbox") from error


def _words(item: Item, text: str | None, choice: int | None) -> str:
    way = f"git ccc answer {ids.short(item.id)}"
    if choice is None:
        if text is None:
            raise Usage("say the answer", f"{way} TEXT")
        if item.choices == DECISIONS:
            return _decision(item, text)
        if item.kind == "permission" and text.strip() not in item.choices:
            offered = ", or ".join(f"{way} {shlex.quote(each)}" for each in item.choices)
            raise Usage(f"{first_words(text)} is none of its choices", offered)
        return text
    if text is not None:
        raise Usage("a text and --choice exclude each other", f"git ccc answer {ids.short(item.id)} TEXT")
    if not item.choices:
        raise Usage("there is nothing to choose from", f"git ccc answer {ids.short(item.id)} TEXT")
    if not 1 <= choice <= len(item.choices):
        raise Usage(f"--choice is a number from 1 to {len(item.choices)}, not {choice}", "git ccc inbox")
    return item.choices[choice - 1]


def _decision(item: Item, text: str) -> str:
    """A permission is given or denied in these words; `yes` must not be a denial. Raises Usage."""
    first, _, why = text.strip().partition(" ")
    word = first.lower().rstrip(":,.!")
    if word == DENY or (word == ALLOW and not why):
        return f"{word} {why.strip()}".rstrip()
    way = f"git ccc answer {ids.short(item.id)}"
    raise Usage(f"{first_words(text)} neither allows nor denies it", f'{way} {ALLOW}, or {way} "{DENY} WHY"')


def _refuse_agents(workspace: Workspace, session: Session, item: Item, words: str) -> None:
    """A session answers what its own children ask; permissions, and all else, are a person's."""
    actor = decider_of(workspace)
    is_parent = actor.session is not None and actor.session == session.parent
    if actor.agent is None or (is_parent and item.kind == "question"):
        return
    said = shlex.quote(words) if len(words) <= SHOWN else "TEXT"
    raise actor.refusal(
        workspace,
        f"answering {session.name} needs a person, and this call comes from inside an agent ({actor.agent})",
        f"ask the human to run, in the main checkout: git ccc answer {ids.short(item.id)} {said}",
    )


def _request(sighting: Sighting, item: Item) -> Request | None:
    """What the engine itself waits for, if that is what the item shows."""
    life = sighting.life
    if life is None or life.host is None:
        return None
    for request in life.requests:
        if agent_items.request_item(sighting.session, life, request).id == item.id:
            return request
    return None


def _tell_engine(
    workspace: Workspace, session: Session, item: Item, request: Request, words: str
) -> Answered:
    """Through the host; who said it is recorded, too."""
    by = actor_of(workspace).by or workspace.require_person()
    control.answer_engine(workspace, session, request, words)
    data = {"request": request.kind, "asked": request.text[:1000], "answer": words}
    fact = questions.answered(session, None, words, by=by, data=data)
    workspace.store.transact(lambda _: (fact,))
    return Answered(item, session, words, None)


def _send(workspace: Workspace, picture: Picture, sighting: Sighting, item: Item, words: str) -> Answered:
    """As a message; what was open is closed with it, in one step."""
    session = sighting.session
    sender = sender_of(workspace, picture.sessions)
    question = item.id if any(each.id == item.id for each in session.questions) else None
    said = f"You asked: {first_words(item.text)}\n\nAnswer: {words}"
    parcel = Parcel(ids.new_id(), receiver(sighting), said, answers=question)
    plans: list[Plan] = []

    def decide(state: State) -> Sequence[Draft]:
        now = from_cells(session.id, state.stream(sessions.stream_of(session.id))) or session
        field = _field(now, session, question)
        plans[:] = [planned(messages_of(state), sender, parcel, workspace.now())]
        fact = questions.answered(session, field, words, by=sender.by, data={"message": plans[0].message})
        return (fact, *plans[0].drafts)

    workspace.store.transact(decide)
    return Answered(item, session, words, deliver(workspace, plans)[0])


def _field(now: Session, seen: Session, question: str | None) -> str | None:
    """What the answer settles: a question, a claim at head, or only a silence. Raises Refused if too late."""
    late = Refused(f"{seen.name} has its answer already", f"git ccc log {seen.name} -n 5")
    if question is not None:
        if all(each.id != question for each in now.questions):
            raise late
        return questions.field_of(question)
    if seen.claim is None or seen.claim.state == "done" or seen.claim.commit != seen.head:
        return None
    if now.claim is None or replace(now.claim, at=seen.claim.at) != seen.claim:
        raise late
    return questions.CLAIM
