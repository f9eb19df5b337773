"""Notes: whose they are, how they read in the diary, how they are listed."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccc.errors import NotFound, Refused, Usage
from ccc.ops.note import listed, note, notes_of
from tests.handoff.conftest import Day
from tests.support.program import RunsCcc


def test_a_note_made_in_a_session_s_worktree_belongs_to_the_session(day: Day) -> None:
    session = day.spawn("backend", "JWT auth")
    identifier = note(
        day.workspace(Path(session.worktree or "")), kind="decision", text="Use RS256", why="keys rotate"
    )
    (found,) = notes_of(day.workspace().reader.state())
    assert (found.id, found.kind, found.text, found.why) == (
        identifier,
        "decision",
        "Use RS256",
        "keys rotate",
    )
    assert (found.session, found.by) == (session.id, f"s:{session.id}")
    assert day.subjects()[0] == "backend-jwt-auth: noted decision Use RS256"


def test_a_session_named_in_the_environment_is_the_author(day: Day) -> None:
    session = day.spawn("backend", "JWT auth")
    note(day.workspace(CCC_SESSION=session.id), kind="problem", text="CI is slow")
    (found,) = notes_of(day.workspace().reader.state())
    assert (found.session, found.by) == (session.id, f"s:{session.id}")


def test_a_note_outside_a_session_belongs_to_the_repository_and_the_person(day: Day) -> None:
    day.note("CI is slow", kind="problem")
    (found,) = notes_of(day.workspace().reader.state())
    assert (found.session, found.by) == (None, "Developer <developer@example.com>")
    assert day.subjects()[0] == "ccc: noted problem CI is slow"


def test_a_person_s_note_about_a_session_keeps_the_person_as_author(day: Day) -> None:
    session = day.spawn("backend", "JWT auth")
    day.note("Add refresh tokens", kind="next", session="backend-jwt-auth")
    (found,) = notes_of(day.workspace().reader.state())
    assert (found.session, found.by) == (session.id, "Developer <developer@example.com>")
    assert day.subjects()[0] == "backend-jwt-auth: noted next step Add refresh tokens"


def test_a_note_of_several_lines_is_one_line_in_the_diary_and_whole_in_the_record(day: Day) -> None:
    text = "Found:\n- one\n- two"
    day.note(text, kind="discovery")
    assert day.subjects()[0] == "ccc: noted discovery Found: - one - two"
    assert notes_of(day.workspace().reader.state())[0].text == text


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"kind": "idea", "text": "x"}, Usage, "there is no kind idea"),
        ({"kind": "note", "text": " \n"}, Usage, "the note is empty"),
        ({"kind": "note", "text": "x" * 16_001}, Refused, "the note has 16001 bytes, more than 16000"),
        ({"kind": "note", "text": "x", "session": "nobody"}, NotFound, "no session nobody"),
    ],
)
def test_a_note_that_cannot_be_made_leaves_nothing(
    day: Day, arguments: dict[str, str], error: type[Exception], message: str
) -> None:
    before = day.subjects()
    with pytest.raises(error) as raised:
        note(day.workspace(), **arguments)
    assert str(raised.value) == message
    assert day.subjects() == before


def test_a_note_from_a_session_that_is_not_recorded_is_refused(day: Day) -> None:
    with pytest.raises(NotFound) as raised:
        note(day.workspace(CCC_SESSION="f" * 32), kind="note", text="x")
    assert str(raised.value) == f"the session {'f' * 32} this call comes from is not known here"


def test_bytes_that_are_no_text_are_recorded_as_escapes(day: Day) -> None:
    day.note("caf\udce9")
    assert notes_of(day.workspace().reader.state())[0].text == "caf\\udce9"


def test_notes_are_listed_by_kind_and_by_session(day: Day) -> None:
    day.spawn("backend", "JWT auth")
    day.note("one", kind="problem")
    day.note("two", kind="problem", session="backend-jwt-auth")
    day.note("three", session="backend-jwt-auth")
    workspace = day.workspace()
    assert [each.text for each in listed(workspace).notes] == ["one", "two", "three"]
    assert [each.text for each in listed(workspace, kind="problem").notes] == ["one", "two"]
    found = listed(workspace, kind="problem", session="backend-jwt-auth").notes
    assert [each.text for each in found] == ["two"]


def test_the_command_notes_and_lists(day: Day, ccc_inline: RunsCcc) -> None:
    day.spawn("backend", "JWT auth")
    made = ccc_inline("note", "--kind", "decision", "--why", "keys rotate", "Use RS256", exit=0)
    ccc_inline("note", "--session", "backend-jwt-auth", "two\nlines", exit=0)
    document = ccc_inline("note", "--json", exit=0).json
    assert document["format"] == 1
    assert document["tip"] == day.repo.oid("refs/ccc")
    first, second = document["notes"]
    assert made.stdout == f"noted {first['id'][:8]}\n"
    assert {key: first[key] for key in ("kind", "text", "why", "session", "by")} == {
        "kind": "decision",
        "text": "Use RS256",
        "why": "keys rotate",
        "session": None,
        "by": "Developer <developer@example.com>",
    }
    assert ccc_inline("note", exit=0).stdout == (
        f"{first['id'][:8]} decision  repository  {first['at']}\n"
        "    Use RS256\n"
        "    because keys rotate\n"
        f"{second['id'][:8]} note  backend-jwt-auth  {second['at']}\n"
        "    two\n"
        "    lines\n"
    )


def test_the_command_reads_standard_input(day: Day, ccc: RunsCcc) -> None:
    ccc("note", "-", stdin="from a pipe\n", exit=0)
    assert ccc("note", "--json", exit=0).json["notes"][0]["text"] == "from a pipe"


def test_listing_nothing_says_so_on_standard_error(day: Day, ccc_inline: RunsCcc) -> None:
    outcome = ccc_inline("note", exit=0)
    assert (outcome.stdout, outcome.stderr) == ("", "no notes yet\n")


def test_a_terminal_is_not_written_to_by_a_note(day: Day, ccc_inline: RunsCcc) -> None:
    day.note("\x1b[31mred", why="\x07bell")
    shown = ccc_inline("note", exit=0).stdout
    assert "\x1b" not in shown
    assert "\x07" not in shown
