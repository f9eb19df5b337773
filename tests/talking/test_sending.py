"""Messages to sessions worked by hand and to the people, and what becomes of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from ccc.ops.bouncing import bounce
from ccc.ops.look import look
from ccc.ops.mail import messages_of, reconcile
from ccc.ops.workspace import Workspace
from ccc.runs import mail
from ccc.runs.files import SessionFiles
from tests.support.program import RunsCcc
from tests.support.repository import Repo
from tests.talking.conftest import Session, Spawns, items

pytestmark = pytest.mark.slow
"""Real processes, a second each."""

Diary = Callable[[], list[str]]


@pytest.fixture
def workspace(ready: Repo) -> Iterator[Workspace]:
    opened = Workspace.open(ready.path, os.environ)
    yield opened
    opened.reader.close()


def inbox(where: RunsCcc | Session) -> list[tuple[str, str]]:
    return [(item["title"], item["text"]) for item in items(where("inbox", "--json", exit=0))]


def unread(ccc: RunsCcc, session: Session) -> tuple[int, int]:
    """As `status` and `show` tell it."""
    status = ccc("status", session.name, "--json", exit=0).json["sessions"][0]["unread"]
    return status, ccc("show", session.name, "--json", exit=0).json["messages"]["unread"]


def test_a_message_waits_until_it_is_read_and_stays_until_it_is_dealt_with(
    spawn: Spawns, ccc_inline: RunsCcc, diary: Diary
) -> None:
    session = spawn("Tokens")
    told = ccc_inline("send", session.name, "Use RS256,\nplease", exit=0).stdout
    identifier = told.split()[1]
    assert told == f"sent {identifier} to {session.name}: git ccc inbox shows it in its worktree\n"
    assert diary()[-1] == f"{session.name}: message from Developer: Use RS256, please"
    assert unread(ccc_inline, session) == (1, 1)
    assert ccc_inline("status", "--fields", "name,unread", exit=0).stdout == f"{session.name}\t1\n"
    assert "\n    1 unread message\n" in ccc_inline("status", exit=0).stdout
    assert "\n  messages   1 unread\n" in ccc_inline("show", session.name, exit=0).stdout
    assert inbox(session) == [("message from Developer", "Use RS256,\nplease")]
    assert diary()[-1] == f"{session.name}: read message {identifier}"
    assert unread(ccc_inline, session) == (0, 0)
    assert len(inbox(session)) == 1
    session("inbox", "--ack", identifier)
    assert (inbox(session), session("inbox").stdout) == ([], "nothing new for this session\n")
    assert diary()[-1] == f"{session.name}: acknowledged message {identifier}"


def test_nobody_else_s_inbox_shows_it(spawn: Spawns, ccc_inline: RunsCcc) -> None:
    session, other = spawn("Tokens"), spawn("Keys")
    ccc_inline("send", session.name, "Use RS256", exit=0)
    assert (inbox(other), inbox(ccc_inline)) == ([], [])
    assert unread(ccc_inline, session) == (1, 1)


def test_the_same_said_twice_is_said_once(spawn: Spawns, ccc_inline: RunsCcc) -> None:
    session = spawn("Tokens")
    first, second = (ccc_inline("send", session.name, "Hurry", exit=0).stdout for _ in range(2))
    assert first == second
    session("inbox")
    assert ccc_inline("send", session.name, "Hurry", exit=0).stdout != first
    assert len(inbox(session)) == 2


def test_a_later_message_on_the_topic_takes_the_place_of_one_that_has_not_arrived(
    spawn: Spawns, ccc_inline: RunsCcc, diary: Diary, workspace: Workspace
) -> None:
    session = spawn("Tokens")
    for text in ("Use HS256", "Use RS256"):
        ccc_inline("send", "--topic", "keys", session.name, text, exit=0)
    ccc_inline("send", "--topic", "tests", session.name, "Test it", exit=0)
    files = SessionFiles.of(workspace.layout, session.id)
    assert [letter.text for letter in mail.waiting(files)] == ["Use RS256", "Test it"]
    assert [text for _, text in inbox(session)] == ["Use RS256", "Test it"]
    told = [line for line in diary() if "bounced" in line]
    assert len(told) == 1
    assert told[0].partition(" bounced: ")[2].startswith("replaced by ")
    ccc_inline("send", "--topic", "keys", session.name, "Use ES256", exit=0)
    assert [text for _, text in inbox(session)] == ["Use RS256", "Test it", "Use ES256"]


def test_a_session_s_words_to_the_orchestrator_are_the_people_s_until_acknowledged(
    spawn: Spawns, ccc_inline: RunsCcc, diary: Diary
) -> None:
    session = spawn("Tokens")
    told = session("send", "orchestrator", "-", stdin="The key is\nin the wrong place\n").stdout
    identifier = told.split()[1]
    (item,) = items(ccc_inline("inbox", "--json", exit=0))
    assert (item["kind"], item["session"], item["title"]) == ("message", session.id, f"{session.name} says")
    assert item["command"] == f"git ccc inbox --ack {identifier}"
    shown = ccc_inline("inbox", exit=0).stdout.splitlines()
    assert shown[1:3] == ["    | The key is", "    | in the wrong place"]
    assert ccc_inline("show", session.name, "--json", exit=0).json["messages"] == {"sent": 1, "unread": 0}
    ccc_inline("inbox", "--ack", identifier, exit=0)
    assert inbox(ccc_inline) == []
    assert diary()[-1] == f"{session.name}: acknowledged message {identifier}"


def test_several_messages_are_acknowledged_at_once_and_all_of_the_named_or_none(
    spawn: Spawns, ccc_inline: RunsCcc
) -> None:
    session = spawn("Tokens")
    first, second, third = (session("send", "orchestrator", text).stdout.split()[1] for text in "abc")
    ccc_inline("inbox", "--ack", first, "--ack", "abcdef01", exit=1)
    assert len(inbox(ccc_inline)) == 3
    told = ccc_inline("inbox", "--ack", first, "--ack", second, exit=0).stdout.splitlines()
    assert told == [f"seen: {each} {session.name} says" for each in (first, second)]
    assert [text for _, text in inbox(ccc_inline)] == ["c"]
    assert third in ccc_inline("inbox", "--ack", "all", exit=0).stdout
    assert ccc_inline("inbox", "--ack", "all", exit=0).stdout == "no message waits to be marked as seen\n"


def test_a_session_cannot_acknowledge_all_that_it_was_never_shown(spawn: Spawns, ccc_inline: RunsCcc) -> None:
    session = spawn("Tokens")
    ccc_inline("send", session.name, "Use RS256", exit=0)
    session("inbox")
    ccc_inline("send", session.name, "Use ES256", exit=0)
    assert session("inbox", "--ack", "all").stdout.count("seen: ") == 1
    assert [text for _, text in inbox(session)] == ["Use ES256"]


def test_all_are_those_that_are_open_but_oneself(spawn: Spawns, ccc_inline: RunsCcc) -> None:
    first, second, closed = spawn("One"), spawn("Two"), spawn("Three")
    ccc_inline("close", closed.name, exit=0)
    assert [line.split()[3] for line in first("send", "all", "main is red").stdout.splitlines()] == [
        f"{second.name}:"
    ]
    names = {line.split()[3] for line in ccc_inline("send", "all", "main is red", exit=0).stdout.splitlines()}
    assert names == {f"{first.name}:", f"{second.name}:"}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("NAME",), 2, "say to whom, and what"),
        (("NAME", " \0 "), 2, "the message is empty"),
        (("NAME", "x" * 8001), 1, "the message has 8001 bytes, more than 8000"),
        (("nobody", "Hello"), 1, "no session nobody"),
        (("NAME", "nobody", "Hello"), 1, "no session nobody"),
        (("all", "--topic", "t" * 101, "Hello"), 2, "the topic has more than 100 characters"),
        (("all", "--topic", "", "Hello"), 2, "the topic is empty"),
    ],
)
def test_what_cannot_be_sent_is_said_and_nothing_recorded(
    spawn: Spawns, ccc_inline: RunsCcc, diary: Diary, arguments: tuple[str, ...], code: int, words: str
) -> None:
    session = spawn("One")
    before = diary()
    given = [session.name if each == "NAME" else each for each in arguments]
    assert ccc_inline("send", *given, exit=code).stderr.splitlines()[0] == f"error: {words}"
    assert diary() == before


def test_an_agent_cannot_send_beyond_the_limits_and_nothing_is_recorded(
    spawn: Spawns, ccc_inline: RunsCcc, diary: Diary
) -> None:
    session = spawn("One")
    refused = ccc_inline("send", "--now", session.name, "Hello", env={"CLAUDECODE": "1"}, exit=3).stderr
    assert refused.startswith("error: send --now needs a person")
    assert not [line for line in diary() if "message from" in line]


def test_who_cannot_take_a_message_is_said_with_the_next_command(spawn: Spawns, ccc_inline: RunsCcc) -> None:
    session = spawn("One")
    refused = session("send", session.name, "Hello", exit=1).stderr
    assert refused.startswith(f"error: {session.name} sends to itself\n")
    ccc_inline("close", session.name, exit=0)
    refused = ccc_inline("send", session.name, "Hello", exit=1).stderr
    assert refused == (f"error: {session.name} is closed\nhint: git ccc undo {session.name} brings it back\n")
    assert ccc_inline("send", "all", "Hello", exit=1).stderr.startswith("error: nobody here can take")


def test_bytes_that_are_no_text_are_sent_as_escapes(spawn: Spawns, ccc_inline: RunsCcc) -> None:
    session = spawn("One")
    ccc_inline("send", session.name, "a\udcff\0b", exit=0)
    assert inbox(session) == [("message from Developer", "a\\udcffb")]


def test_mail_that_a_killed_sender_did_not_post_is_posted_and_what_arrived_is_taken_away(
    spawn: Spawns, ccc_inline: RunsCcc, workspace: Workspace
) -> None:
    session = spawn("One")
    files = SessionFiles.of(workspace.layout, session.id)
    ccc_inline("send", session.name, "Hello", exit=0)
    (letter,) = mail.waiting(files)
    mail.taken(files, letter.id)
    assert reconcile(workspace, workspace.store.state()) == 1
    assert mail.waiting(files) == [letter]
    assert reconcile(workspace, workspace.store.state()) == 0
    session("inbox")
    assert mail.waiting(files) == []
    mail.post(files, letter)
    assert reconcile(workspace, workspace.store.state()) == 1
    assert mail.waiting(files) == []


def test_mail_of_a_closed_session_bounces_and_its_sender_is_told(
    spawn: Spawns, ccc_inline: RunsCcc, workspace: Workspace
) -> None:
    session, other = spawn("One"), spawn("Two")
    other("send", session.name, "Mind the gap")
    ccc_inline("send", session.name, "Hurry", exit=0)
    ccc_inline("close", session.name, exit=0)
    assert {each.state for each in messages_of(workspace.store.state()) if each.to == session.id} == {
        "bounced"
    }
    ((title, text),) = inbox(other)
    assert (title, text.partition(" did not arrive, ")[2]) == (
        "message from ccc",
        f"{session.name} was closed: Mind the gap",
    )
    told = items(ccc_inline("inbox", "--json", exit=0))
    assert [(item["title"], item["text"]) for item in told] == [
        (f"a message to {session.name} did not arrive", f"{session.name} was closed: Hurry")
    ]
    ccc_inline("inbox", "--ack", told[0]["id"], exit=0)
    assert inbox(ccc_inline) == []
    assert bounce(workspace, look(workspace)) == 0
