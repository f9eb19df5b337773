"""Messages as items of the people's inbox or of a session's own; an item has its message's id."""

from __future__ import annotations

from collections.abc import Iterator

from ccc.domain import messages
from ccc.domain.messages import ORCHESTRATOR, Message
from ccc.domain.sessions import Session
from ccc.ids import short
from ccc.ops.items import Item
from ccc.ops.look import Picture
from ccc.ops.mail import messages_of, sender_words

REPLACED = "replaced by "


def of_messages(picture: Picture) -> Iterator[Item]:
    """What sessions sent to the people, and what people sent in vain, until somebody says that it is seen."""
    names = {session.id: session.name for session in picture.sessions}
    for message in messages_of(picture.state):
        if message.to == ORCHESTRATOR and message.state != "acknowledged":
            title = f"{sender_words(message, names)} says"
            yield _item(message, message.from_session, title, message.text, _ack(message))
        elif message.state == "bounced" and _is_of_people(message):
            title = f"a message to {names.get(message.to, short(message.to))} did not arrive"
            text = f"{message.bounced}: {messages.first_words(message.text)}"
            yield _item(message, message.to, title, text, _ack(message))


def for_session(picture: Picture, session: Session) -> Iterator[Item]:
    """What a session finds in its own inbox: what has not arrived, or was read there and not dealt with."""
    names = {each.id: each.name for each in picture.sessions}
    for message in messages_of(picture.state):
        if message.to == session.id and is_unsettled(message):
            title = f"message from {sender_words(message, names)}"
            yield _item(message, message.from_session, title, message.text, _ack(message))


def is_unsettled(message: Message) -> bool:
    """Whether its receiver may have to look at it: a message that entered a conversation was seen there."""
    if message.delivered is not None and message.delivered.run is not None:
        return False
    return message.state in ("queued", "delivered")


def _is_of_people(message: Message) -> bool:
    """Whether a person sent it, and did not replace it by another."""
    told = message.from_session is None and message.sender != "ccc"
    return told and not (message.bounced or "").startswith(REPLACED)


def _item(message: Message, session: str | None, title: str, text: str, command: str) -> Item:
    return Item(message.id, "message", session, title, text, message.at, command)


def _ack(message: Message) -> str:
    return f"git ccc inbox --ack {short(message.id)}"
