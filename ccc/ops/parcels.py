"""Messages before they are recorded: what is the same as one that waits, and what takes its place."""

from __future__ import annotations

from collections.abc import Sequence

from ccc.domain import messages
from ccc.domain.events import Draft
from ccc.domain.messages import TEXT_LIMIT, Message
from ccc.domain.status import seconds_between
from ccc.errors import Refused, Usage
from ccc.ids import short
from ccc.ops.receivers import Receiver, Sender
from ccc.records import dataclass

REPEATED_SECONDS = 60.0
"""The same text to the same receiver within this time, not delivered yet, is one message."""

TOPIC_LENGTH = 100


@dataclass(frozen=True)
class Parcel:
    """One text for one receiver; `id` is the message's, should it become one."""

    id: str
    receiver: Receiver
    text: str
    topic: str | None = None
    answers: str | None = None


@dataclass(frozen=True)
class Plan:
    """What becomes of a parcel: the message that stands for it, those it replaces, the facts to record."""

    parcel: Parcel
    message: str
    replaces: tuple[str, ...] = ()
    drafts: tuple[Draft, ...] = ()

    @property
    def repeated(self) -> bool:
        """Whether the same was sent just before, and is on its way."""
        return self.message != self.parcel.id


def checked(text: str, what: str = "the message") -> str:
    """The text as it can be recorded and read. Raises Usage for an empty one, Refused for one over 8 kB."""
    words = text.replace("\0", "").strip().encode("utf-8", "backslashreplace").decode("utf-8")
    if not words:
        raise Usage(f"{what} is empty", "say it in words, or give - and write to standard input")
    size = len(words.encode("utf-8"))
    if size > TEXT_LIMIT:
        raise Refused(
            f"{what} has {size} bytes, more than {TEXT_LIMIT}", "commit a file and name its path instead"
        )
    return words


def checked_topic(topic: str | None) -> str | None:
    """One short line; None where there is none. Raises Usage for an empty or a long one."""
    if topic is None:
        return None
    words = " ".join(topic.replace("\0", "").split())
    words = words.encode("utf-8", "backslashreplace").decode("utf-8")
    if len(words) > TOPIC_LENGTH:
        raise Usage(f"the topic has more than {TOPIC_LENGTH} characters", "say the rest in the text")
    if not words:
        raise Usage("the topic is empty", "name it, or leave --topic out")
    return words


def planned(known: Sequence[Message], sender: Sender, parcel: Parcel, now: str) -> Plan:
    """What a parcel means beside the messages that wait already; `now` is RFC 3339 UTC."""
    waiting = [
        each for each in known if each.waits and (each.sender, each.to) == (sender.by, parcel.receiver.to)
    ]
    for each in waiting:
        same = (each.text, each.answers) == (parcel.text, parcel.answers)
        if same and seconds_between(each.at, now) < REPEATED_SECONDS:
            return Plan(parcel, each.id)
    replaced = [each.id for each in waiting if parcel.topic is not None and each.topic == parcel.topic]
    about = parcel.receiver.about
    sent = messages.sent(
        parcel.id,
        parcel.text,
        sender=sender.by,
        who=sender.words,
        to=parcel.receiver.to,
        about=about,
        topic=parcel.topic,
        answers=parcel.answers,
    )
    why = f"replaced by {short(parcel.id)}"
    bounced = [messages.bounced(each, about=about, why=why, by=sender.by) for each in replaced]
    return Plan(parcel, parcel.id, tuple(replaced), (sent, *bounced))
