"""What the real program wrote down, read back; and files that nobody would write on purpose."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccc.engines.claude import transcript as claude
from ccc.engines.reading import Cursor, read
from ccc.engines.rehearsal import transcript as rehearsal
from ccc.engines.transcripts import Parse, Source, TurnLine
from tests.output.conftest import DATA

Short = tuple[str, str | None, bool | None, str]

SAID: list[Short] = [
    ("person", None, None, "Add a login [[script:day]]"),
    ("agent", None, None, "I will add the login."),
    ("agent", "Write", None, "/repo/login.txt"),
    ("tool", None, True, "File created successfully at: /repo/login"),
    ("agent", None, None, "on it"),
    ("agent", "Bash", None, 'git add login.txt && git commit -q -m "Ad'),
    ("tool", None, True, "c3c12ac Add login\n58a40b2 Start"),
    ("agent", None, None, "on it"),
    ("agent", "Bash", None, "git diff --no-such-option"),
    ("tool", None, False, "Exit code 255\nerror: invalid option: --no"),
    ("agent", None, None, "on it"),
    ("agent", "Bash", None, "sleep 2; echo ok"),
    ("tool", None, True, "ok"),
    ("person", None, None, "Mind the umlauts"),
    ("agent", "WebFetch", None, "https://example.com"),
    ("tool", None, False, "Permission to use WebFetch has been denied"),
    ("agent", "Agent", None, "look around"),
    ("tool", None, True, "Async agent launched successfully."),
    ("agent", None, None, "Done: the login is there."),
]
ASIDE: list[Short] = [
    ("sub-agent", None, None, "looking"),
    ("sub-agent", "Bash", None, "git status --short"),
    ("tool", None, True, "(Bash completed with no output)"),
    ("sub-agent", None, None, "Nothing else to see."),
]
COMPACTED: list[Short] = [
    ("system", None, None, "the conversation was compacted"),
    ("system", None, None, "This session is being continued from a pre"),
]
BROKEN_OFF: list[Short] = [
    ("agent", None, None, "done"),
    ("person", None, None, "and now? [[script:bad]]"),
    ("system", None, False, "API Error: 400 bad thing"),
]
NEWS: Short = ("system", None, None, 'Agent "look around" finished\nNothing else')
ENDED: Short = ("system", None, None, "a sub-agent finished\nNothing else to see.")
COMMAND: list[Short] = [("person", None, None, "/compact"), ("system", None, None, "Compacted")]
TOLD: Short = ("agent", None, None, "[[script:sub]] look around")


def turns_in(*names: str, parse: Parse = claude.parse) -> list[TurnLine]:
    sources = [Source(str(number), DATA / name, parse) for number, name in enumerate(names)]
    turns, cursor = read([sources], Cursor())
    assert [turn.n for turn in turns] == list(range(1, len(turns) + 1))
    assert cursor.count == len(turns)
    return turns


def matches(turns: list[TurnLine], expected: list[Short]) -> bool:
    found = [(turn.role, turn.tool, turn.ok, turn.text) for turn in turns]
    same = [a[:3] == b[:3] and a[3].startswith(b[3]) for a, b in zip(found, expected, strict=False)]
    return len(found) == len(expected) and all(same)


def test_a_recorded_transcript_is_told_in_order() -> None:
    turns = turns_in("transcript.jsonl")
    assert matches(turns, [*SAID, *COMPACTED, *COMMAND, NEWS, *BROKEN_OFF])
    assert turns[0].at == "2026-11-21T09:24:00.997Z"


def test_a_sub_agents_own_transcript_is_told_where_it_happened() -> None:
    turns = turns_in("transcript.jsonl", "sub-agent.jsonl")
    assert matches(turns, [*SAID[:17], TOLD, *SAID[17:], *ASIDE, *COMPACTED, *COMMAND, NEWS, *BROKEN_OFF])


def test_the_recorded_stream_of_the_same_conversation_tells_the_same() -> None:
    turns = turns_in("stream.jsonl")
    assert matches(turns, [*SAID, *ASIDE, ENDED, *COMPACTED, *reversed(COMMAND), *BROKEN_OFF])


def test_nothing_that_was_thought_is_told() -> None:
    assert "plan it" in (DATA / "transcript.jsonl").read_text(encoding="utf-8")
    assert not [turn for turn in turns_in("transcript.jsonl") if "plan it" in turn.text]


def test_a_malformed_transcript_is_told_as_far_as_it_goes() -> None:
    turns = turns_in("malformed.jsonl")
    readable = [(turn.role, turn.text) for turn in turns if turn.text != "an unreadable line"]
    assert readable == [
        ("person", "before"),
        ("person", "\ufffd\ufffd is no UTF-8"),
        ("agent", ""),
        ("tool", "[image]"),
        ("person", "a number for a time"),
        ("agent", "half a \ufffd sign"),
        ("agent", "after"),
    ]
    assert len(turns) - len(readable) == 5


@pytest.mark.parametrize("parse", [claude.parse, rehearsal.parse])
def test_no_line_makes_a_parser_fail(parse: Parse) -> None:
    deep = b"[" * 100_000
    for line in (
        *(DATA / "malformed.jsonl").read_bytes().split(b"\n"),
        deep,
        b'{"type":' + deep,
        b"\xff" * 99,
    ):
        for turn in parse(line):
            assert turn.role


def test_a_line_of_ten_megabytes_is_named_with_its_size(tmp_path: Path) -> None:
    file = tmp_path / "log"
    long = b'{"type":"user","message":{"content":"' + b"x" * 10_000_000 + b'"}}'
    file.write_bytes(long + b'\n{"type":"user","message":{"content":"next"}}\n')
    turns, _ = read([[Source("r1", file, claude.parse)]], Cursor())
    assert [turn.text for turn in turns] == ["a line of 10.0 MB, left out", "next"]


def test_a_failed_result_of_the_stream_says_why() -> None:
    line = b'{"type":"result","subtype":"error_during_execution","errors":["No conversation found"]}'
    assert claude.parse(line) == [TurnLine("system", "No conversation found", ok=False)]
    assert claude.parse(b'{"type":"result","subtype":"success","is_error":true,"result":"no"}') == []
