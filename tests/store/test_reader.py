"""The reader: everything acknowledged exactly once, past states, and imports that cost nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from itertools import pairwise
from pathlib import Path

import pytest

from ccc.domain import stamps
from ccc.domain.cells import values
from ccc.errors import Ambiguous, NotFound, NotInitialised
from ccc.layout import Layout
from ccc.store import moments
from ccc.store.protocol import State
from tests.store.tools import (
    PROJECT,
    START_MS,
    Clock,
    faults_of,
    git_store,
    in_other_process,
    progress,
    reader_of,
    texts,
)
from tests.support.repository import Repo


def note(common: Path, name: str, line: str) -> None:
    """What a hook leaves behind."""
    folder = Layout(common).journal_new
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"{line}\n", encoding="utf-8", errors="surrogateescape")


def test_reading_imports_no_heavy_library() -> None:
    code = (
        "import sys, ccc.store.reader, ccc.store.fsck\n"
        "print(*sorted({'pygit2', 'pydantic', 'jinja2', 'psutil', 'uuid'} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() in ("", "uuid")


def test_reading_writes_nothing(common: Path) -> None:
    store = git_store(common)
    store.transact(lambda state: [progress("a1", 1)])
    store.journal(progress("a1", 2))
    before = sorted((path, path.stat().st_mtime_ns) for path in common.rglob("*"))
    with reader_of(common).objects:
        texts(reader_of(common))
        reader_of(common).state()
    assert sorted((path, path.stat().st_mtime_ns) for path in common.rglob("*")) == before


def test_a_hook_note_is_seen_through_the_observer_and_recorded_once(common: Path) -> None:
    store = git_store(common)
    store.transact(lambda state: [progress("a1", 1)])
    note(common, "n1", "hook a1")
    assert texts(reader_of(common)) == ["a1: progress 1 %", "a1: committed"]
    assert texts(store) == ["a1: progress 1 %", "a1: committed"]
    assert store.drain() == 1
    assert texts(reader_of(common)) == ["a1: progress 1 %", "a1: committed"]


def test_an_unfinished_note_is_not_acknowledged(common: Path) -> None:
    store = git_store(common)
    store.transact(lambda state: [progress("a1", 1)])
    note(common, "half", "")
    path = Layout(common).journal_new / "half"
    path.write_text("hook a")
    assert store.drain() == 0
    assert texts(reader_of(common)) == ["a1: progress 1 %"]
    path.write_text("hook a1\n")
    assert store.drain() == 1


@pytest.mark.parametrize(
    "line",
    [
        '{"type":"x","set":{"no stream":{}}}',
        '{"type":"x","set":{"notes/n":{"a.md":"1111111111111111111111111111111111111111"}}}',
        "hook \udcff",
        '{"type":1.5}',
        '{"type":',
        "not from a hook",
        '{"type":"x","text":true}',
    ],
)
def test_a_poisoned_entry_is_set_aside_with_an_event_and_stops_nobody(common: Path, line: str) -> None:
    store = git_store(common)
    store.transact(lambda state: [progress("a1", 1)])
    note(common, "bad", line)
    note(common, "good", "hook a1")
    store.journal(progress("a1", 2))
    assert len(texts(reader_of(common))) == 3
    assert store.drain() == 3
    assert sorted(text.partition(",")[0] for text in texts(store)) == [
        "a1: committed",
        "a1: progress 1 %",
        "a1: progress 2 %",
        "ccc: journal entry bad could not be read",
    ]
    assert [path.name for path in Layout(common).journal_bad.iterdir()] == ["bad"]
    assert next(logged.event for logged in store.log() if logged.event.type == "journal.bad").source
    assert faults_of(common) == []


def test_an_entry_that_is_no_text_is_set_aside(common: Path) -> None:
    store = git_store(common)
    Layout(common).journal_new.mkdir(parents=True)
    (Layout(common).journal_new / "bytes").write_bytes(b'{"type":"\xff"}\n')
    assert store.drain() == 1
    assert [path.name for path in Layout(common).journal_bad.iterdir()] == ["bytes"]


def test_a_batch_torn_by_a_power_cut_is_set_aside(common: Path) -> None:
    store = git_store(common)
    store.transact(lambda state: [progress("a1", 1)])
    torn = Layout(common).wal / f"{stamps.make(stamps.now_ms(), 0, 'a')}.json"
    torn.write_bytes(b"")
    assert store.drain() == 1
    assert not torn.exists()
    assert next(store.log()).event.type == "journal.bad"


def test_readers_show_each_event_once_during_drains(common: Path) -> None:
    store = git_store(common)
    store.transact(lambda state: [progress("a1", -1)])
    code = (
        "for number in range(60):\n    store.journal(progress('a1', number))\n    print(number, flush=True)\n"
    )
    writer = in_other_process(common, code)
    drains = [
        in_other_process(common, "while sys.stdin.read(0) == '' and len(texts(store)) < 61: store.drain()")
        for _ in range(2)
    ]
    acknowledged: list[int] = []
    listening = threading.Thread(
        target=lambda: acknowledged.extend(int(line) for line in writer.stdout or ())
    )
    listening.start()
    reader = reader_of(common)
    rounds = 0
    while len(acknowledged) < 60 or any(drain.poll() is None for drain in drains):
        known = len(acknowledged)
        seen = texts(reader)
        assert len(seen) == len(set(seen)), "an event twice"
        assert len(seen) >= known + 1, "an acknowledged event missing"
        assert rounds < 10_000
        rounds += 1
    listening.join()
    assert [process.communicate(timeout=60)[1] for process in (writer, *drains)] == [b"", b"", b""]
    assert rounds > 3
    assert len(texts(reader)) == 61


@pytest.fixture
def dated(common: Path) -> list[str]:
    """Tips of a store with one event a minute: its ids, oldest first."""
    clock = Clock()
    store = git_store(common, now=clock)
    tips = []
    for number in range(4):
        clock.at_ms = START_MS + number * 60_000
        store.transact(lambda state, number=number: [progress("a1", number)])  # type: ignore[misc]
        tips.append(store.tip() or "")
    return tips


def moment(milliseconds: int) -> str:
    return stamps.rfc3339(stamps.make(START_MS + milliseconds, 0, "0"))


def test_a_time_names_the_last_commit_before_it(common: Path, dated: list[str]) -> None:
    reader = reader_of(common)
    assert reader.commit_at(moment(60_500)) == dated[1]
    assert reader.commit_at(moment(59_500)) == dated[0]
    assert values(reader.state(reader.commit_at(moment(125_000))).stream("sessions/a1")) == {"progress": 2}
    assert reader.commit_at("now") == dated[3]
    with pytest.raises(NotFound, match="nothing was recorded before"):
        reader.commit_at("2020-01-01")


def test_a_commit_is_named_by_any_unique_prefix(common: Path, repo: Repo, dated: list[str]) -> None:
    reader = reader_of(common)
    assert reader.commit_at(dated[2]) == reader.commit_at(dated[2][:8]) == dated[2]
    with pytest.raises(NotFound, match="is no commit on refs/ccc and no time"):
        reader.commit_at(repo.oid("HEAD"))
    with pytest.raises(NotFound, match="is no commit on refs/ccc and no time"):
        reader.commit_at("yesteryear")


def test_an_event_id_is_a_cursor_and_a_point_in_time(common: Path, dated: list[str]) -> None:
    reader = reader_of(common)
    events = [logged.event.id for logged in reader.log()][::-1]
    assert reader.commit_at(events[1]) == dated[1]
    assert reader.since(events[1]) == events[1]
    assert reader.since(dated[1]) == events[1]
    assert events[1] < reader.since(moment(90_000)) < events[2]


def test_times_before_init_are_refused(common: Path) -> None:
    with pytest.raises(NotInitialised):
        reader_of(common).commit_at("now")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2h ago", -7_200_000),
        ("2 hours ago", -7_200_000),
        ("90s", -90_000),
        ("3 days ago", -3 * 86_400_000),
        ("1w ago", -7 * 86_400_000),
        ("2026-09-21T14:13:20Z", 0),
        ("2026-09-21T16:13:20+02:00", 0),
        ("2026-09-21 14:13:21", 1000),
        ("2026-09-21", -(14 * 3600 + 13 * 60 + 20) * 1000),
    ],
)
def test_moments_as_people_write_them(text: str, expected: int) -> None:
    assert moments.parse(text, START_MS) == START_MS + expected


@pytest.mark.parametrize("text", ["", "soon", "-1h ago", "2x ago", "2026-13-01"])
def test_what_is_no_moment(text: str) -> None:
    assert moments.parse(text, START_MS) is None


def test_an_ambiguous_prefix_is_refused(common: Path) -> None:
    store = git_store(common, now=Clock())
    store.transact(lambda state: [progress(f"s{number}", number) for number in range(900)], durable=False)
    oids = sorted({logged.commit or "" for logged in store.log()})
    twins = next(one[:4] for one, other in pairwise(oids) if one[:4] == other[:4])
    with pytest.raises(Ambiguous, match=r"fits \d commits on refs/ccc"):
        reader_of(common).commit_at(twins)


def test_states_do_not_change_under_the_reader(common: Path) -> None:
    store = git_store(common)
    store.transact(lambda state: [progress("a1", 1)])
    state: State = reader_of(common).state()
    store.transact(lambda state: [progress("a1", 2)])
    assert values(state.stream("sessions/a1")) == {"progress": 1}
