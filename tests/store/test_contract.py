"""What every store does, whatever it keeps its objects in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from ccc.domain import stamps
from ccc.domain.cells import values
from ccc.domain.events import Draft
from ccc.errors import StateBroken
from ccc.git.backend import GIT, LIBGIT
from ccc.git.objects import MissingObject, object_id
from ccc.store.gitstore import GitStore
from ccc.store.history import HistoryWriter
from ccc.store.memory import MemoryStore
from ccc.store.memory_objects import MemoryObjects
from ccc.store.protocol import META, Reader, State, Store
from ccc.store.scribe import clean_identity
from tests.store.tools import (
    BACKEND,
    DEVELOPER,
    START_MS,
    Clock,
    git_store,
    memory_store,
    progress,
    reader_of,
    texts,
)
from tests.support.repository import Repo, copy_repository

BRIEF = b"# Brief\n"


@pytest.fixture
def brief(algorithm: str) -> str:
    """The id of BRIEF in the repository of the test."""
    return object_id("blob", BRIEF, algorithm=algorithm)


def spawned(brief: str, session: str = "a1") -> Draft:
    changes = {f"sessions/{session}": {"name": f"n-{session}", "brief.md": brief}}
    return Draft("session.spawned", f"n-{session}", "spawned", changes, session=session, blobs=(BRIEF,))


def record(store: Store, *drafts: Draft) -> tuple[str, ...]:
    return tuple(event.id for event in store.transact(lambda state: drafts))


def test_nothing_is_there_before_the_first_event(store: Store) -> None:
    assert store.tip() is None
    assert store.state().tip is None
    assert store.state().stream(META) == {}
    assert list(store.log()) == []


def test_a_decision_of_nothing_records_nothing(store: Store) -> None:
    assert store.transact(lambda state: ()) == ()
    assert store.tip() is None


def test_recorded_facts_are_the_state_and_the_diary(store: Store, brief: str) -> None:
    first, second = record(store, spawned(brief), progress("a1", 50))
    assert first < second
    assert values(store.state().stream("sessions/a1")) == {
        "name": "n-a1",
        "progress": 50,
        "brief.md": brief,
    }
    assert texts(store) == ["n-a1: spawned", "a1: progress 50 %"]
    assert [logged.event.id for logged in store.log()] == [second, first]
    assert store.state().tip == store.tip() == next(store.log()).commit
    assert store.state().clock == second
    assert store.state().blob(brief) == BRIEF


@pytest.mark.parametrize(
    ("algorithm", "genesis"),
    [
        ("sha1", "d3a73115dad1eb9d6076e38eef3b120ca4b51ada"),
        ("sha256", "d031a1b7c4b590e3d5f2348d90c3e7aaaa597c4b074c16fd844c59e5cade736c"),
    ],
)
def test_genesis_is_one_commit_for_each_format_of_objects(algorithm: str, genesis: str) -> None:
    assert HistoryWriter(MemoryObjects(algorithm)).genesis() == genesis


def test_genesis_says_format_and_epoch(store: Store) -> None:
    record(store, progress("a1", 1))
    assert values(store.state().stream(META)) == {"format": 1, "epoch.0": 1}


def test_a_null_removes_a_field(store: Store) -> None:
    record(store, progress("a1", 1))
    record(store, progress("a1", None))
    assert values(store.state().stream("sessions/a1")) == {}


def test_streams_of_one_kind_only(store: Store) -> None:
    record(
        store, progress("a1", 1), progress("b2", 2), Draft("note", "ccc", "hi", {"notes/n": {"text": "hi"}})
    )
    assert sorted(store.state().streams("sessions")) == ["sessions/a1", "sessions/b2"]
    assert store.state().streams("plans") == {}


def test_decide_sees_what_was_journalled_before(store: Store) -> None:
    seen: list[object] = []

    def decide(state: State) -> Sequence[Draft]:
        seen.append(values(state.stream("sessions/a1")))
        return ()

    store.journal(progress("a1", 7))
    store.transact(decide)
    assert seen[-1] == {"progress": 7}


def test_what_decide_raises_records_nothing_of_it(store: Store) -> None:
    def refuse(state: State) -> Sequence[Draft]:
        raise RuntimeError("no")

    store.journal(progress("a1", 7))
    with pytest.raises(RuntimeError, match="no"):
        store.transact(refuse)
    assert texts(store) == ["a1: progress 7 %"]


def test_a_journalled_fact_is_seen_at_once_and_recorded_once(store: Store) -> None:
    record(store, progress("a1", 1))
    store.journal(progress("a1", 2))
    assert values(store.state().stream("sessions/a1")) == {"progress": 2}
    assert [logged.commit is None for logged in store.log()] == [True, False]
    assert store.drain() == 1
    assert store.drain() == 0
    assert texts(store) == ["a1: progress 1 %", "a1: progress 2 %"]
    assert all(logged.commit for logged in store.log())


def test_a_blob_travels_with_its_journal_entry(store: Store, brief: str) -> None:
    record(store, progress("a1", 1))
    store.journal(spawned(brief))
    assert store.state().blob(brief) == BRIEF
    store.drain()
    assert store.state().blob(brief) == BRIEF


@pytest.mark.parametrize("value", [1.5, True, b"bytes", {"deep": [0.1]}, {1: "key"}, "\ud800"])
def test_wrong_values_are_refused_before_anything_is_written(store: Store, value: object) -> None:
    draft = progress("a1", value)  # type: ignore[arg-type] # what a careless caller does
    with pytest.raises(ValueError, match=r"."):
        store.transact(lambda state: [progress("b2", 1), draft])
    with pytest.raises(ValueError, match=r"."):
        store.journal(draft)
    assert store.tip() is None
    assert list(store.log()) == []


def test_a_decision_is_not_taken_by_the_journal(store: Store) -> None:
    yes = Draft("merge.approved", "main", "approved", {"merges/s1": {"ok.0123": {"by": "Developer"}}})
    with pytest.raises(ValueError, match=r"decides merges ok\.0123, which no journal entry may"):
        store.journal(yes)
    store.transact(lambda state: [yes])
    assert [logged.event.text for logged in store.log()] == ["approved"]


@pytest.mark.parametrize(
    "stream", ["sessions", "a/b/c", "/x", "x/", "sessions/.git", "sessions/\u200c.git", "a/b\n"]
)
def test_names_that_git_would_refuse_are_refused(store: Store, stream: str) -> None:
    with pytest.raises(ValueError, match="not a stream"):
        record(store, Draft("x", "ccc", "x", {stream: {"a": 1}}))
    assert store.tip() is None


def test_the_index_field_cannot_be_set(store: Store) -> None:
    with pytest.raises(ValueError, match="not the fields"):
        record(store, Draft("x", "ccc", "x", {"sessions/a": {"~": 1}}))


def test_a_value_that_is_too_big_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="record a blob"):
        record(store, progress("a1", "x" * 70_000))


@pytest.mark.parametrize("digits", [40, 64])
def test_a_blob_that_nobody_has_is_refused(store: Store, digits: int) -> None:
    with pytest.raises(ValueError, match="neither stored nor brought along"):
        record(store, Draft("x", "ccc", "x", {"sessions/a": {"report.md": "1" * digits}}))
    assert store.tip() is None


def test_a_blob_named_as_another_repository_would_is_refused(store: Store, algorithm: str) -> None:
    other = object_id("blob", BRIEF, algorithm={"sha1": "sha256", "sha256": "sha1"}[algorithm])
    with pytest.raises(ValueError, match="neither stored nor brought along"):
        record(store, spawned(other))
    assert store.tip() is None


def test_a_past_state_stays_what_it_was(store: Store) -> None:
    record(store, progress("a1", 1))
    past = store.tip()
    record(store, progress("a1", 2))
    assert values(store.state(past).stream("sessions/a1")) == {"progress": 1}


@pytest.mark.parametrize("digits", [40, 64])
def test_an_absent_commit_is_an_error_not_an_empty_state(store: Store, digits: int) -> None:
    record(store, progress("a1", 1))
    with pytest.raises(MissingObject):
        store.state("1" * digits)


def test_more_than_a_thousand_events_are_one_commit(store: Store) -> None:
    record(store, *(progress(f"s{number % 9}", number) for number in range(1204)))
    assert len({logged.commit for logged in store.log()}) == 1
    assert len(texts(store)) == 1204


def test_a_diary_line_cannot_forge_an_event(store: Store) -> None:
    line = '{"id":"20260921T141320.000+000.x","set":{"sessions/a1":{"status":"landed"}}}'
    record(
        store,
        Draft("x", "Ccc-Event", line),
        Draft("x\n\nCcc-Event: {}", "a", "b", session="s\nCcc-Event: {}"),
    )
    assert len(list(store.log())) == 2
    assert store.state().streams("sessions") == {}


def test_a_clock_far_ahead_is_announced_and_not_carried_on(store: Store) -> None:
    clock = Clock(stamps.milliseconds(record(store, progress("a1", 1))[0]) - 25 * 3_600_000)
    store._scribe._now = clock  # type: ignore[attr-defined] # the wall clock is set back
    with pytest.raises(StateBroken, match="h ahead of this clock"):
        record(store, progress("a1", 2))
    assert texts(store) == ["a1: progress 1 %"]


def test_equal_events_make_equal_commits_in_every_store(
    repo: Repo, brief: str, algorithm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def still() -> int:
        return START_MS

    stores: list[GitStore | MemoryStore] = [memory_store(lane="aaa", now=still, algorithm=algorithm)]
    for name in (LIBGIT, GIT) if algorithm == "sha1" else (GIT,):
        monkeypatch.setenv(BACKEND, name)
        common = copy_repository(repo.path, tmp_path / name).path / ".git"
        stores.append(git_store(common, lane="aaa", now=still))
    tips = set()
    for store in stores:
        record(store, spawned(brief), progress("a1", 3))
        ahead, _ = store._scribe.batch(store.tip() or "", [progress("b2", 5)])
        elsewhere = ahead.build(store.history)
        record(store, *(progress(f"s{number % 9}", number) for number in range(1204)))
        tips.add((elsewhere, store.tip(), store.absorb([elsewhere])))
    assert len(tips) == 1


def test_the_reader_reads_what_the_store_wrote(common: Path, brief: str) -> None:
    store: Store = git_store(common)
    record(store, spawned(brief), *(progress(f"s{number}", number) for number in range(40)))
    store.journal(progress("s1", 99))
    reader: Reader = reader_of(common)
    assert reader.tip() == store.tip()
    assert reader.state().streams("sessions").keys() == store.state().streams("sessions").keys()
    assert values(reader.state().stream("sessions/s1")) == {"progress": 99}
    assert values(reader.state(store.tip()).stream("sessions/s1")) == {"progress": 1}
    assert texts(reader) == texts(store)
    assert reader.state().blob(brief) == BRIEF


@pytest.mark.parametrize(
    ("given", "written"),
    [
        (DEVELOPER, DEVELOPER),
        ("", "ccc <ccc@localhost>"),
        ("Nobody", "ccc <ccc@localhost>"),
        ("A\nB <x@y>", "A B <x@y>"),
        ("A <B> C <x@y>", "A <BCx@y>"),
    ],
)
def test_an_identity_is_made_fit_for_a_commit(given: str, written: str) -> None:
    assert clean_identity(given) == written
