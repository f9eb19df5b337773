"""Conversations as engines write them down, however broken."""

from __future__ import annotations

import json
from pathlib import Path

from ccc.engines import transcripts
from ccc.engines.claude import transcript as claude
from ccc.engines.rehearsal import transcript as rehearsal
from ccc.engines.transcripts import CUT, LONGEST, TEXT_LIMIT, TurnLine


def line(kind: str, *content: object, **more: object) -> bytes:
    said = {
        "type": kind,
        "message": {"content": list(content)},
        "timestamp": "2026-10-03T12:04:01.002Z",
        **more,
    }
    return json.dumps(said).encode()


def test_what_people_agents_and_tools_say_is_told_apart() -> None:
    at = "2026-10-03T12:04:01.002Z"
    use = {"type": "tool_use", "name": "Bash", "input": {"command": "make  test"}}
    failed = {"type": "tool_result", "content": [{"type": "text", "text": "no rule"}], "is_error": True}
    assert claude.parse(line("user", {"type": "text", "text": "Go"})) == [TurnLine("person", "Go", at)]
    assert claude.parse(line("assistant", {"type": "thinking", "thinking": "hm"}, use)) == [
        TurnLine("agent", "make test", at, tool="Bash")
    ]
    assert claude.parse(line("user", failed)) == [TurnLine("tool", "no rule", at, ok=False)]
    assert (
        claude.parse(line("assistant", {"type": "text", "text": "sub"}, isSidechain=True))[0].role
        == "sub-agent"
    )
    assert (
        claude.parse(b'{"type": "system", "subtype": "compact_boundary"}')[0].text
        == "the conversation was compacted"
    )


def test_what_is_said_in_the_middle_of_a_turn_is_shown() -> None:
    said = {"type": "queued_command", "prompt": [{"type": "text", "text": "Mind the umlauts"}]}
    absorbed = json.dumps({"type": "attachment", "attachment": said, "timestamp": "2026-10-03T12:04:01.002Z"})
    assert claude.parse(absorbed.encode()) == [
        TurnLine("person", "Mind the umlauts", "2026-10-03T12:04:01.002Z")
    ]
    assert claude.parse(b'{"type": "attachment", "attachment": {"type": "file"}}') == []


def test_lines_of_other_kinds_and_broken_ones_disturb_nothing() -> None:
    for other in (
        b"{}",
        b"[1]",
        b'"text"',
        b'{"type": "queue-operation"}',
        b'{"type": "user", "message": null}',
    ):
        assert list(claude.parse(other)) == []
    for broken in (b"\xff\xfe", b'{"type": "user"', b'{"type": "user", "message": {"content": [1]}}'):
        assert [turn.role for turn in claude.parse(broken)] == ["system"]
        assert len(rehearsal.parse(broken)) <= 1


def test_a_line_of_ten_megabytes_is_passed_over_and_an_unfinished_one_waits(tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_bytes(b"first\n" + b"#" * 10_000_000 + b"\nlast\nunfinished")
    found = list(transcripts.lines(file, 0))
    assert [text[:5] for text, _ in found] == [b"first", b"#####", b"last"]
    assert len(found[1][0]) == LONGEST
    after = found[-1][1]
    assert list(transcripts.lines(file, after)) == []
    with file.open("ab") as more:
        more.write(b" no more\n")
    assert [text for text, _ in transcripts.lines(file, after)] == [b"unfinished no more"]


def test_a_long_text_is_cut_and_says_so() -> None:
    turn = TurnLine("agent", "x" * (TEXT_LIMIT + 1)).fit()
    assert (len(turn.text), turn.text[-len("[... cut]") :]) == (TEXT_LIMIT + len(CUT), "[... cut]")


def test_a_transcript_is_found_by_its_folder_or_by_its_name(tmp_path: Path) -> None:
    folder = Path("/repo/a.b_c d")
    usual = tmp_path / "projects" / "-repo-a-b-c-d"
    usual.mkdir(parents=True)
    assert claude.find(tmp_path, folder, "one") is None
    (usual / "one.jsonl").write_text("", encoding="utf-8")
    assert claude.find(tmp_path, folder, "one") == usual / "one.jsonl"
    assert claude.find(tmp_path, Path("/moved"), "one") == usual / "one.jsonl"
