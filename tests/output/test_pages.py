"""Where a conversation is found, and reading it page by page without missing or repeating anything."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ccc.engines.claude import transcript as claude
from ccc.engines.reading import Cursor, latest, read
from ccc.engines.transcripts import Source
from ccc.errors import NotFound, Usage
from ccc.ops.output import Output, follow, output, raw
from ccc.platform import processes
from ccc.runs import life
from ccc.runs.files import RunFiles
from ccc.runs.life import Pulse
from tests.output.conftest import DATA, Place
from tests.support.repository import Repo

SECOND = "99999999-2222-4333-8444-555555555555"


LATE = "2026-12-01T00:00:00.000Z"


def said(text: str, kind: str = "assistant", at: str | None = None) -> bytes:
    line = {"type": kind, "message": {"content": [{"type": "text", "text": text}]}}
    return json.dumps({**line, **({"timestamp": at} if at else {})}).encode() + b"\n"


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def texts(page: Output) -> list[str]:
    return [turn.text for turn in page.turns]


def alive(files: RunFiles) -> None:
    """As a host writes it that is this very process."""
    me = processes.own_identity()
    files.root.mkdir(parents=True, exist_ok=True)
    life.write(files, Pulse("running", "a turn", "2026-10-03T12:00:00.000Z", "claude", me))


def over(files: RunFiles) -> None:
    """As it is when the host is gone."""
    gone = "999999999 1 none"
    life.write(files, Pulse("ended", "over", "2026-10-03T12:00:00.000Z", "claude", gone))


def test_the_transcript_stands_in_for_the_log_of_its_run(place: Place) -> None:
    place.transcript()
    run = place.run(1, "claude")
    run.log.write_bytes(said("only in the log"))
    page = output(place.workspace, place.name)
    assert page.remarks == ()
    assert (len(page.turns), page.turns[0].text) == (32, "Add a login [[script:day]]")
    assert "sub-agent" in {turn.role for turn in page.turns}
    assert page.logs == (run.log,)


def test_without_a_transcript_the_log_is_shown_and_said_so(place: Place) -> None:
    place.run(1, "claude").log.write_bytes((DATA / "stream.jsonl").read_bytes())
    page = output(place.workspace, place.name)
    assert len(page.turns) == 31
    assert [remark.split(" in ")[0] for remark in page.remarks] == [
        "no transcript 11111111-2222-4333-8444-555555555555"
    ]


def test_an_unreadable_transcript_is_said_and_the_log_shown(place: Place) -> None:
    (place.configuration / "projects" / "-x" / "11111111-2222-4333-8444-555555555555.jsonl").mkdir(
        parents=True
    )
    place.run(1, "claude").log.write_bytes(said("from the log"))
    page = output(place.workspace, place.name)
    assert texts(page) == ["from the log"]
    assert [remark.endswith("cannot be read: Is a directory") for remark in page.remarks] == [True]


def test_another_configuration_folder_is_obeyed(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.run(1, "claude")
    moved = Place(place.repo, place.session, tmp_path / "elsewhere")
    moved.transcript(sub_agents=False)
    assert output(place.workspace, place.name).remarks == (f"{place.name} has said nothing yet",)
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "elsewhere"))
    assert len(output(place.workspace, place.name).turns) == 27


def test_a_page_has_only_what_came_after_the_cursor(place: Place) -> None:
    transcript = place.transcript()
    place.run(1, "claude")
    first = output(place.workspace, place.name)
    assert output(place.workspace, place.name, since=first.cursor).turns == ()
    append(transcript, said("more")[:-20])
    assert output(place.workspace, place.name, since=first.cursor).turns == ()
    append(transcript, said("more")[-20:])
    beside = next((transcript.with_suffix("") / "subagents").iterdir())
    append(beside, said("aside"))
    second = output(place.workspace, place.name, since=first.cursor)
    assert [(turn.n, turn.text) for turn in second.turns] == [(33, "more"), (34, "aside")]
    assert output(place.workspace, place.name, since=second.cursor).turns == ()


def test_the_last_turns_of_a_page_keep_their_numbers(place: Place) -> None:
    place.transcript()
    place.run(1, "claude")
    page = output(place.workspace, place.name, last=2)
    assert [turn.n for turn in page.turns] == [31, 32]
    assert output(place.workspace, place.name, last=0).turns == ()
    assert output(place.workspace, place.name, since=page.cursor).turns == ()


def test_the_last_turns_of_a_great_conversation_are_the_same_whether_it_was_counted_before_or_not(
    place: Place,
) -> None:
    transcript = place.transcript()
    place.run(1, "claude")
    append(transcript, b"".join(said(f"{number} {'x' * 30_000}", at=LATE) for number in range(150)))

    def both(count: int) -> None:
        whole = output(place.workspace, place.name)
        page = output(place.workspace, place.name, last=count)
        assert page.turns == whole.turns[len(whole.turns) - count :]
        assert page.cursor == whole.cursor

    for count in (3, 40, 170):
        both(count)
    counted = place.workspace.layout.cache / f"conversation-{place.session.id}.json"
    assert json.loads(counted.read_bytes())["cursor"] == output(place.workspace, place.name).cursor
    append(transcript, said("more", at=LATE))
    append(next((transcript.with_suffix("") / "subagents").iterdir()), said("aside", at=LATE))
    for count in (1, 2, 3, 20):
        both(count)
    transcript.write_bytes(said("written anew"))
    both(2)
    counted.write_text("{}", encoding="utf-8")
    both(2)


def test_files_side_by_side_without_times_cannot_be_told_from_their_ends(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("main", "beside")]
    for path in paths:
        path.write_bytes(said("first") + said("second"))
    sources = [Source(path.name, path, claude.parse) for path in paths]
    assert latest([sources], 2) is None
    alone = latest([sources[:1]], 1)
    assert alone is not None
    assert [turn.text for turn in alone] == ["second"]


def test_what_came_after_a_time_is_shown(place: Place) -> None:
    place.transcript()
    place.run(1, "claude")
    whole = output(place.workspace, place.name).turns
    moment = whole[20].at
    assert moment is not None
    page = output(place.workspace, place.name, since=moment)
    assert page.turns
    assert page.turns == tuple(turn for turn in whole if (turn.at or "") > moment)
    assert output(place.workspace, place.name, since="2999-01-01").turns == ()


def test_files_that_others_landed_are_not_a_session_s_own(by_hand: Place) -> None:
    tree = Repo(Path(str(by_hand.session.worktree)))
    by_hand.repo.commit("Theirs", theirs="x\n")
    tree.commit("Mine", mine="y\n")
    tree.git("merge", "--quiet", "--no-edit", "main")
    page = output(by_hand.workspace, by_hand.name)
    assert page.files == ("mine",)
    assert len(page.commits) == 3
    by_hand.repo.git("merge", "--quiet", "--ff-only", by_hand.session.branch)
    assert "mine" in output(by_hand.workspace, by_hand.name).files


def test_a_wrong_cursor_is_refused() -> None:
    for wrong in ("", "nonsense", "12_", "12_t.5", "12_t.x.1", "1_../x.1.1", "-1", "9" * 99):
        with pytest.raises(Usage, match="no cursor of output"):
            Cursor.parse(wrong)


def test_a_cursor_of_another_session_or_of_files_that_are_gone_begins_anew(place: Place) -> None:
    transcript = place.transcript(sub_agents=False)
    place.run(1, "claude")
    cursor = output(place.workspace, place.name).cursor
    transcript.rename(transcript.with_name("kept"))
    place.transcript(sub_agents=False)
    assert len(output(place.workspace, place.name, since=cursor).turns) == 27
    assert len(output(place.workspace, place.name, since="3_r9.12.abc").turns) == 27


def test_a_mark_of_another_file_in_the_place_of_this_one_is_not_taken_for_its_own(place: Place) -> None:
    transcript = place.transcript(sub_agents=False)
    place.run(1, "claude")
    found = transcript.stat()
    mark = f"{found.st_size}.{found.st_ino:x}"
    assert len(output(place.workspace, place.name, since=f"3_t-11111111.{mark}").turns) == 0
    assert len(output(place.workspace, place.name, since=f"3_r1.{mark}").turns) == 27


def test_files_side_by_side_keep_their_own_order_where_times_go_back(tmp_path: Path) -> None:
    def file(name: str, *moments: int) -> Source:
        path = tmp_path / name
        for moment in moments:
            at = f"2026-10-03T12:00:0{moment}.000Z"
            append(path, json.dumps({"type": "user", "timestamp": at, "message": {"content": name}}).encode())
            append(path, b"\n")
        return Source(name, path, claude.parse)

    turns, _ = read([[file("a", 1, 5, 2, 6), file("b", 3, 4, 7)]], Cursor())
    assert [(turn.text, (turn.at or "")[18]) for turn in turns] == [
        *(("a", "1"), ("b", "3"), ("b", "4"), ("a", "5"), ("a", "2"), ("a", "6"), ("b", "7"))
    ]


def test_who_began_with_the_log_goes_on_with_it_when_the_transcript_appears(place: Place) -> None:
    run = place.run(1, "claude")
    run.log.write_bytes(said("one"))
    first = output(place.workspace, place.name)
    place.transcript()
    append(run.log, said("two"))
    after = output(place.workspace, place.name, since=first.cursor)
    assert (texts(first), texts(after)) == (["one"], ["two"])


def test_a_log_that_was_turned_over_is_read_on_where_it_was(place: Place) -> None:
    run = place.run(1, "rehearsal:/x.yml")
    line = b'{"type": "says", "text": "%d"}\n'
    run.log.write_bytes(line % 1 + line % 2)
    first = output(place.workspace, place.name)
    append(run.log, line % 3)
    run.log.rename(run.log.with_name("engine.log.1"))
    run.log.write_bytes(line % 4 + line % 5)
    second = output(place.workspace, place.name, since=first.cursor)
    assert (texts(first), texts(second)) == (["1", "2"], ["3", "4", "5"])
    assert texts(output(place.workspace, place.name)) == ["1", "2", "3", "4", "5"]


def test_runs_of_different_engines_follow_each_other(place: Place) -> None:
    first = place.run(1, "rehearsal:/x.yml")
    first.log.write_bytes(b'{"type": "says", "text": "rehearsed"}\n')
    first.errors.write_bytes(b"")
    place.run(2, "claude", conversation=SECOND)
    place.transcript(conversation=SECOND, sub_agents=False)
    third = place.run(3, "tool")
    third.log.write_bytes(b"plain words\n\n")
    third.errors.write_bytes(b"and a complaint\n")
    page = output(place.workspace, place.name)
    assert (texts(page)[0], texts(page)[1]) == ("rehearsed", "Add a login [[script:day]]")
    assert [(turn.role, turn.text) for turn in page.turns[-2:]] == [
        ("agent", "plain words"),
        ("system", "and a complaint"),
    ]
    assert [path.name for path in page.logs] == ["engine.log", "engine.log", "errors.log"]


def test_a_conversation_taken_up_again_is_told_once(place: Place) -> None:
    place.transcript(sub_agents=False)
    place.run(1, "claude")
    place.run(2, "claude")
    assert len(output(place.workspace, place.name).turns) == 27


def test_a_session_worked_by_hand_is_told_by_its_commits_and_report(by_hand: Place) -> None:
    tree = Repo(Path(by_hand.session.worktree or ""))
    tree.commit("Add login", {"login.py": "one\n"})
    first = output(by_hand.workspace, by_hand.name)
    assert [(turn.role, turn.text) for turn in first.turns] == [
        ("person", "Add login"),
    ]
    assert first.remarks == (f"{by_hand.name} is worked by hand: its commits are shown",)
    assert (first.files, first.commits[-1:]) == (("login.py",), (tree.oid(),))
    text = "---\nstatus: done\n---\nThe login is there.\n\n## Next steps\n- test it\n"
    tree.commit("Report", {f".ccc/sessions/{by_hand.name}/report.md": text})
    by_hand.workspace.store.drain()
    second = output(by_hand.workspace, by_hand.name, since=first.cursor)
    assert [(turn.n, turn.text) for turn in second.turns] == [
        (2, "Report"),
        (3, "reported: The login is there."),
    ]
    assert output(by_hand.workspace, by_hand.name, since=second.cursor).turns == ()


def test_what_the_engine_printed_is_copied_byte_for_byte(place: Place) -> None:
    with pytest.raises(NotFound, match="no log of"):
        list(raw(place.workspace, place.name))
    place.run(1, "claude").log.write_bytes(b"\xff\x00 one\r\n")
    place.run(2, "claude").log.write_bytes(b"two without an end")
    assert b"".join(raw(place.workspace, place.name)) == b"\xff\x00 one\r\ntwo without an end"


def script(*steps: Callable[[], object]) -> Callable[[float], None]:
    """A pause in which the next thing happens."""
    left: Iterator[Callable[[], object]] = iter(steps)

    def pause(seconds: float) -> None:
        assert seconds == 0.2
        next(left)()

    return pause


def test_following_gives_each_piece_once_and_ends_with_the_run(place: Place) -> None:
    transcript = place.transcript(sub_agents=False)
    run = place.run(1, "claude")
    alive(run)
    page = output(place.workspace, place.name)
    assert page.goes_on

    def end() -> None:
        append(transcript, b"}\n" + said("last words"))
        over(run)

    pause = script(
        lambda: append(transcript, said("two")),
        lambda: None,
        lambda: append(transcript, said("three") + b'{"type":"x"'),
        end,
    )
    pages = list(follow(place.workspace, page, pause))
    assert [texts(each) for each in pages] == [["two"], ["three"], ["last words"]]
    assert [each.goes_on for each in pages] == [True, True, False]


def test_following_a_session_in_which_nothing_runs_ends_at_once(idle_hands: Place) -> None:
    page = output(idle_hands.workspace, idle_hands.name)
    assert list(follow(idle_hands.workspace, page, lambda _: os.abort())) == []
