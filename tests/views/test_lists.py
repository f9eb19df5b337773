"""The diary, the inbox, the queue and the first page, compared whole."""

from __future__ import annotations

from ccc.views.styling import Plain
from ccc.views.text.inbox import inbox_text
from ccc.views.text.log import log_text
from ccc.views.text.orient import orient_text
from tests.views.making import HEAD, NOW, every_status, logged, orientation, picture, waiting_item


def test_the_diary_has_one_line_an_event() -> None:
    events = [logged("progress 50 %", commit=None), logged()]
    assert log_text(events, Plain()) == (
        "pending 2026-10-03 12:00:00 backend-jwt-auth: progress 50 %\n"
        "fffffff 2026-10-03 12:00:00 backend-jwt-auth: committed aaaaaaa Sign tokens"
    )


def test_an_audit_names_who_caused_it() -> None:
    by = "Lead <lead@example.com>"
    events = [logged("approved it", by=by), logged("gate passed", by=None)]
    assert [line.rpartition("  ")[2] for line in log_text(events, Plain(), audit=True).splitlines()] == [
        "[Lead <lead@example.com>]",
        "[ccc]",
    ]


def test_the_inbox_gives_each_item_its_next_command() -> None:
    message = waiting_item(
        kind="message",
        session=None,
        title="main was moved outside ccc",
        text="from aaaaaaa to bbbbbbb",
        since="2026-10-01T12:00:00.000Z",
        command="git log --oneline aaaaaaa..bbbbbbb",
    )
    assert inbox_text([message, waiting_item()], NOW, Plain()) == (
        f"{message.id[:8]}  message     2d  main was moved outside ccc\n"
        "    from aaaaaaa to bbbbbbb\n"
        "    git log --oneline aaaaaaa..bbbbbbb\n"
        f"{waiting_item().id[:8]}  approval   10m  backend-jwt-auth is verified\n"
        "    landing it needs your approval\n"
        "    git ccc merge backend-jwt-auth"
    )
    assert inbox_text([], NOW, Plain()) == "nothing waits for you"


def test_an_item_is_the_same_again_and_another_one_on_another_occasion() -> None:
    assert waiting_item().id == waiting_item(title="other words", since=NOW).id
    ids = {
        waiting_item(**changes).id
        for changes in ({}, {"key": "b" * 40}, {"kind": "failure"}, {"session": None})
    }
    assert len(ids) == 4
    assert waiting_item(key=HEAD).session == "7f" * 16


def test_the_first_page_as_a_whole() -> None:
    found = every_status()
    shown = picture(found["created"], found["verified"], found["lost"])
    assert orient_text(orientation(picture=shown), Plain()) == (
        "/src/shop on main\n"
        "  agents on PATH   claude\n"
        "  targets          main\n"
        "  sessions         1 created, 1 lost, 1 verified\n"
        "  waiting for you  1\n"
        "    backend-jwt-auth is verified\n"
        "next\n"
        "  git ccc merge backend-jwt-auth"
    )


def test_the_first_page_names_five_of_what_waits_and_counts_the_rest() -> None:
    waiting = tuple(waiting_item(key=str(number)) for number in range(8))
    told = orient_text(orientation(waiting=waiting), Plain()).splitlines()
    assert sum(line == "    backend-jwt-auth is verified" for line in told) == 5
    assert "    and 3 more: git ccc inbox" in told


def test_the_first_page_before_init() -> None:
    empty = orientation(picture=None, waiting=(), targets=(), branch=None, agents=(), next=("git ccc init",))
    assert orient_text(empty, Plain()) == (
        "/src/shop, HEAD detached\n"
        "  agents on PATH   none (sessions can be worked by hand)\n"
        "  ccc              not initialised here\n"
        "next\n"
        "  git ccc init"
    )
