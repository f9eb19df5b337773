"""Messages between sessions and people, and their receipts: one stream a message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ccc.domain.canonical import Value
from ccc.domain.cells import Cells, values
from ccc.domain.events import Draft
from ccc.domain.stamps import rfc3339
from ccc.records import dataclass

KIND = "messages"
ORCHESTRATOR = "orchestrator"
"""The receiver of what is meant for whoever directs the work: people, and an agent that drives for them."""

EVERYBODY = "all"
"""In place of a session: every one that can take a message; in place of a message: every one shown."""

TEXT_LIMIT = 8_000
"""Bytes of a text: it goes into an agent's context as it is, and is read by people in one look."""

WORDS = 60
"""Characters of a text that the diary line shows."""


@dataclass(frozen=True)
class Delivery:
    """The receipt: which turn of which run got it, both None where it was read in the inbox."""

    run: int | None
    turn: int | None
    at: str


@dataclass(frozen=True)
class Message:
    """A message and its receipts. Times RFC 3339 UTC.

    `sender` is `s:<session id>`, a git identity or `ccc`; `to` a session's id or `orchestrator`; `answers`
    the id of the question it answers. `acknowledged` says by whom, `bounced` why it will never arrive.
    """

    id: str
    sender: str
    to: str
    text: str
    at: str
    topic: str | None = None
    answers: str | None = None
    delivered: Delivery | None = None
    acknowledged: str | None = None
    bounced: str | None = None

    @property
    def state(self) -> str:
        """`queued`, `bounced`, `delivered` or `acknowledged`: the highest receipt counts."""
        if self.acknowledged is not None:
            return "acknowledged"
        if self.delivered is not None:
            return "delivered"
        return "queued" if self.bounced is None else "bounced"

    @property
    def waits(self) -> bool:
        """Whether it still has to arrive."""
        return self.state == "queued"

    @property
    def from_session(self) -> str | None:
        """The id of the session it comes from; None for people and ccc itself."""
        return self.sender.removeprefix("s:") if self.sender.startswith("s:") else None


@dataclass(frozen=True)
class Whom:
    """Whom a diary line about a message is about: the session's id (None: none) and name."""

    session: str | None
    name: str


def stream_of(identifier: str) -> str:
    """The stream of a message."""
    return f"{KIND}/{identifier}"


def from_cells(identifier: str, cells: Cells) -> Message | None:
    """The message of a stream; None where the stream holds no text (a receipt that came before it)."""
    present: Mapping[str, Any] = values(cells)
    text, to = present.get("text"), present.get("to")
    if not isinstance(text, str) or not isinstance(to, str):
        return None
    return Message(
        id=identifier,
        sender=_word(present.get("from")) or "ccc",
        to=to,
        text=text,
        at=rfc3339(cells["text"][0]),
        topic=_word(present.get("topic")),
        answers=_word(present.get("answers")),
        delivered=_delivery(present.get("delivered"), cells),
        acknowledged=_of(present.get("acknowledged"), "by"),
        bounced=_of(present.get("bounced"), "why"),
    )


def messages_in(streams: Mapping[str, Cells]) -> list[Message]:
    """The messages of these streams, oldest first."""
    found = [from_cells(name.partition("/")[2], cells) for name, cells in streams.items()]
    return sorted((each for each in found if each is not None), key=lambda each: (each.at, each.id))


def unread(messages: Iterable[Message], session: str) -> list[Message]:
    """What still has to arrive at a session."""
    return [each for each in messages if each.to == session and each.waits]


def sent(
    identifier: str,
    text: str,
    *,
    sender: str,
    who: str,
    to: str,
    about: Whom,
    topic: str | None = None,
    answers: str | None = None,
) -> Draft:
    """The fact that something was sent; `who` is the sender in words."""
    record: dict[str, Value] = {"from": sender, "to": to, "text": text}
    optional = {"topic": topic, "answers": answers}
    record.update({field: value for field, value in optional.items() if value is not None})
    words = f"message from {who}: {first_words(text)}"
    return _fact("message.sent", about, words, identifier, record, by=sender)


def delivered(identifier: str, *, session: str, name: str, run: int, turn: int, at: str) -> Draft:
    """The receipt, written by what saw the text in the engine's stream enter turn `turn` of run `run`."""
    receipt: dict[str, Value] = {"run": run, "turn": turn, "at": at}
    words = f"delivered message {identifier[:8]} in turn {turn}"
    return _fact(
        "message.delivered", Whom(session, name), words, identifier, {"delivered": receipt}, by="ccc"
    )


def read(identifier: str, *, about: Whom, at: str, by: str) -> Draft:
    """The receipt of a message that its receiver was shown by a command."""
    receipt: dict[str, Value] = {"run": None, "turn": None, "at": at}
    words = f"read message {identifier[:8]}"
    return _fact("message.delivered", about, words, identifier, {"delivered": receipt}, by=by)


def acknowledged(identifier: str, *, about: Whom, by: str, how: str = "") -> Draft:
    """The fact that its receiver, or a person, says it is dealt with; `how`, if not in so many words."""
    words = f"acknowledged message {identifier[:8]} {how}".rstrip()
    return _fact("message.acknowledged", about, words, identifier, {"acknowledged": {"by": by}}, by=by)


def bounced(identifier: str, *, about: Whom, why: str, by: str = "ccc", forgotten: bool = False) -> Draft:
    """The fact that it will never arrive, and why; one that was `forgotten` loses its receipt."""
    words = f"message {identifier[:8]} bounced: {why}"
    record: dict[str, Value] = {"bounced": {"why": why}}
    if forgotten:
        record["delivered"] = None
    return _fact("message.bounced", about, words, identifier, record, by=by)


def first_words(text: str) -> str:
    """The beginning of a text, on one line."""
    words = " ".join(text.split())
    return words if len(words) <= WORDS else words[: WORDS - 1].rstrip() + "…"


def _fact(
    kind: str, about: Whom, words: str, identifier: str, change: Mapping[str, Value], *, by: str
) -> Draft:
    return Draft(kind, about.name, words, {stream_of(identifier): change}, session=about.session, by=by)


def _delivery(value: object, cells: Cells) -> Delivery | None:
    if not isinstance(value, Mapping):
        return None
    run, turn, at = value.get("run"), value.get("turn"), value.get("at")
    moment = at if isinstance(at, str) else rfc3339(cells["delivered"][0])
    return Delivery(run if isinstance(run, int) else None, turn if isinstance(turn, int) else None, moment)


def _of(value: object, field: str) -> str | None:
    """One field of a receipt; empty where the receipt is there and does not say."""
    if not isinstance(value, Mapping):
        return None
    return str(value.get(field) or "")


def _word(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
