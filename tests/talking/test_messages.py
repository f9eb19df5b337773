"""A message and its receipts, as cells and back."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from ccc.domain import messages
from ccc.domain.cells import Cell, join
from ccc.domain.events import Draft, check, draft_line, parse_draft
from ccc.domain.messages import Delivery, Message, Whom

ID, OTHER = "5c" * 16, "6d" * 16
SESSION = Whom("7f" * 16, "backend-jwt-auth")
AT = "2026-10-03T12:00:00.000Z"


def stamp(number: int) -> str:
    return f"20261003T12000{number}.000+000.aaaaaa"


def streams(*drafts: Draft) -> Mapping[str, Mapping[str, Cell]]:
    """What the drafts leave behind when they are recorded one after the other."""
    found: dict[str, dict[str, Cell]] = {}
    for number, draft in enumerate(drafts):
        for stream, fields in parse_draft(draft_line(draft)).changes.items():
            cells = {name: (stamp(number), value) for name, value in fields.items()}
            found[stream] = join(found.get(stream, {}), cells)
    return found


def sent(identifier: str = ID, **changes: str) -> Draft:
    return messages.sent(
        identifier,
        changes.pop("text", "use RS256"),
        sender="s:" + "9e" * 16,
        who="frontend-login",
        to=SESSION.session or "",
        about=SESSION,
        **changes,
    )


def only(*drafts: Draft) -> Message:
    (found,) = messages.messages_in(streams(*drafts))
    return found


def delivery(turn: int = 3) -> Draft:
    return messages.delivered(ID, session="7f" * 16, name="backend-jwt-auth", run=2, turn=turn, at=AT)


def test_a_message_is_read_back_as_it_was_sent() -> None:
    found = only(sent(topic="keys", answers=OTHER))
    assert found == Message(
        ID, "s:" + "9e" * 16, "7f" * 16, "use RS256", AT, topic="keys", answers=OTHER, delivered=None
    )
    assert (found.state, found.waits, found.from_session) == ("queued", True, "9e" * 16)


@pytest.mark.parametrize(
    ("receipts", "state"),
    [
        ([delivery()], "delivered"),
        ([messages.bounced(ID, about=SESSION, why="closed")], "bounced"),
        ([messages.acknowledged(ID, about=SESSION, by="s:1")], "acknowledged"),
        ([messages.bounced(ID, about=SESSION, why="closed"), delivery()], "delivered"),
        ([delivery(), messages.bounced(ID, about=SESSION, why="closed")], "delivered"),
        ([messages.acknowledged(ID, about=SESSION, by="s:1"), delivery()], "acknowledged"),
    ],
)
def test_the_highest_receipt_counts_in_whatever_order_they_came(receipts: list[Draft], state: str) -> None:
    found = only(sent(), *receipts)
    assert (found.state, found.waits) == (state, False)
    assert only(*receipts[::-1], sent()).state == state


def test_a_receipt_says_into_which_turn_or_that_it_was_read() -> None:
    assert only(sent(), delivery(turn=4)).delivered == Delivery(2, 4, AT)
    read = messages.read(ID, about=SESSION, at=AT, by="s:" + "7f" * 16)
    assert only(sent(), read).delivered == Delivery(None, None, AT)


def test_a_receipt_without_its_message_is_no_message() -> None:
    assert messages.messages_in(streams(delivery())) == []


def test_what_has_not_arrived_at_a_session_is_unread_there() -> None:
    known = messages.messages_in(streams(sent(), sent(OTHER), delivery()))
    assert [each.id for each in messages.unread(known, "7f" * 16)] == [OTHER]
    assert messages.unread(known, "9e" * 16) == []


def test_the_diary_says_who_sent_what_to_whom() -> None:
    long = "Please use RS256 instead of HS256,\nbecause the key must not be shared with the browser"
    draft = sent(text=long)
    check(draft)
    assert (draft.subject, draft.session, draft.by) == ("backend-jwt-auth", "7f" * 16, "s:" + "9e" * 16)
    said = "message from frontend-login: Please use RS256 instead of HS256, because the key must not…"
    assert draft.text == said
    assert delivery().text == "delivered message 5c5c5c5c in turn 3"
