"""Who says that a message is dealt with, and how: by its id, or by answering whoever sent it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ccc.domain import messages
from ccc.domain.events import Draft
from ccc.domain.messages import ORCHESTRATOR, Message, Whom
from ccc.domain.sessions import Session
from ccc.errors import Ambiguous
from ccc.ids import LEAST_PREFIX, short
from ccc.ops.items import Item
from ccc.ops.look import Picture
from ccc.ops.mail import messages_of, sender_words
from ccc.ops.workspace import Workspace
from ccc.store.protocol import State

Decides = Callable[[State], Sequence[Draft]]


def arrived(
    workspace: Workspace, picture: Picture, reference: str, session: Session | None
) -> tuple[Item, Decides] | None:
    """A message that no inbox shows any more, and what acknowledges it: it entered a conversation, or was
    seen before.

    `session`: whose message it is (None: the people's). None where there is no such message; saying it twice
    changes nothing. Raises Ambiguous.
    """
    to = ORCHESTRATOR if session is None else session.id
    found = _meant(reference, [each for each in messages_of(picture.state) if each.to == to])
    if found is None:
        return None
    names = {each.id: each.name for each in picture.sessions}
    about = Whom(session.id, session.name) if session else Whom(found.from_session, ORCHESTRATOR)
    by = f"s:{session.id}" if session else workspace.require_person()

    def decide(state: State) -> Sequence[Draft]:
        now = messages.from_cells(found.id, state.stream(messages.stream_of(found.id)))
        settled = now is None or now.state in ("acknowledged", "bounced")
        return () if settled else (messages.acknowledged(found.id, about=about, by=by),)

    return _item(found, names), decide


def by_answering(known: Sequence[Message], sender: str, to: str, about: Whom) -> list[Draft]:
    """The receipts that a message from a session to `to` brings: for what `to` had sent to it and it has got.

    Whoever answers has read; ORCHESTRATOR stands for all people. What people say acknowledges nothing: they
    do that one by one.
    """
    if not sender.startswith("s:"):
        return []
    own = sender.removeprefix("s:")
    answered = [
        each
        for each in known
        if each.to == own and each.state == "delivered" and _is_from(each, to) and each.answers is None
    ]
    return [messages.acknowledged(each.id, about=about, by=sender, how="by its answer") for each in answered]


def _is_from(message: Message, receiver: str) -> bool:
    if receiver == ORCHESTRATOR:
        return message.from_session is None and message.sender != "ccc"
    return message.from_session == receiver


def _meant(reference: str, known: Sequence[Message]) -> Message | None:
    wanted = reference.strip().lower()
    found = [each for each in known if len(wanted) >= LEAST_PREFIX and each.id.startswith(wanted)]
    if len(found) > 1:
        raise Ambiguous(
            f"{reference} fits {len(found)} messages", ", ".join(short(each.id) for each in found)
        )
    return found[0] if found else None


def _item(message: Message, names: Mapping[str, str]) -> Item:
    title = f"message from {sender_words(message, names)}"
    command = f"git ccc inbox --ack {short(message.id)}"
    return Item(message.id, "message", message.from_session, title, message.text, message.at, command)
