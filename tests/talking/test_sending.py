"""Messages to sessions worked by hand, to the people, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.program import RunsCcc
from tests.support.repository import Repo
from tests.talking.conftest import Session, Spawns, items

Diary = Callable[[], list[str]]


def inbox(where: RunsCcc | Session) -> list[tuple[str, str]]:
    return [(item["title"], item["text"]) for item in items(where("inbox", "--json", exit=0))]


def unread(ccc: RunsCcc, session: Session) -> tuple[int, int]:
    """As `status` and `show` tell it."""
    status = ccc("status", session.name, "--json", exit=0).json["sessions"][0]["unread"]
    return status, ccc("show", session.name, "--json", exit=0).json["messages"]["unread"]


def test_a_message_is_recorded_waits_and_is_delivered_by_being_read(
    spawn: Spawns, ccc_inline: RunsCcc, diary: Diary
) -> None:
    session = spawn("Tokens")
    told = ccc_inline("send", session.name, "Use RS256,\nplease", exit=0).stdout
    sent = ccc_inline("log", "--type", "message.sent", "--json", exit=0).json["events"][0]
    (stream,) = sent["id"], 
    assert told.endswith(f" to {session.name}: git ccc inbox shows it in its worktree\n")
    assert sent["subject"] == session.name
    assert diary()[-1] == f"{session.name}: message from Developer: Use RS256, please"
    assert unread(ccc_inline, session) == (1, 1)
    assert inbox(session) == [("message from Developer", "Use RS256,\nplease")]
    assert unread(ccc_inline, session) == (0, 0)
    assert diary()[-1] == f"{session.name}: read message {told.split()[1]}"
