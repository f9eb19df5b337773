"""What only a store in a repository does: git reads it, the log recovers it, locks are honoured."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from ccc.domain.cells import values
from ccc.domain.events import Draft, Event, message
from ccc.domain.stamps import following
from ccc.errors import Refused, StoreBusy
from ccc.git.objects import MissingObject, object_id
from ccc.layout import Layout
from ccc.platform.processes import start_of
from ccc.store import journal, tips, wal
from ccc.store.celltree import CellTreeWriter
from ccc.store.gitstore import GitStore
from ccc.store.lock import locked
from ccc.store.memory_objects import MemoryObjects
from ccc.store.protocol import META, REF, State
from tests.store.tools import faults_of, git_store, in_other_process, progress, texts
from tests.support.repository import Repo

REPORT = b"# Report\n\nall done\n"


@pytest.fixture
def written(common: Path) -> GitStore:
    store = git_store(common)
    store.transact(lambda state: [progress("a1", 1)])
    return store


def tip_of(store: GitStore) -> str:
    tip = store.tip()
    assert tip is not None
    return tip


def test_git_reads_diary_and_state_without_ccc(repo: Repo, written: GitStore, algorithm: str) -> None:
    report = object_id("blob", REPORT, algorithm=algorithm)
    changes = {"sessions/a1": {"task": "Zoë's task", "report.md": report}}
    drafts = [
        Draft("session.reported", "backend-jwt", "reported done", changes, session="a1", blobs=(REPORT,))
    ]
    written.transact(lambda state: drafts)
    assert repo.git("log", "--format=%s %an", REF).splitlines() == [
        "backend-jwt: reported done Developer",
        "a1: progress 1 % Developer",
        "ccc: format 1 ccc",
    ]
    [report, state] = repo.git("ls-tree", "-r", "--name-only", REF, "sessions").splitlines()
    assert repo.git("show", f"{REF}:{report}") == REPORT.decode().rstrip("\n")
    first, second, *_ = repo.git("show", f"{REF}:{state}").splitlines()
    assert first == '{"progress": 1,'
    assert second.startswith(' "report.md": ')
    assert repo.git(
        "interpret-trailers", "--parse", stdin=repo.git("log", "-1", "--format=%B", REF)
    ).startswith("Ccc-Session: a1\nCcc-Type: session.reported\nCcc-Event: {")
    assert repo.git("fsck", "--strict", "--no-dangling") == ""
    assert repo.git("status", "--porcelain") == ""


def test_a_ref_moved_by_another_program_is_followed_with_the_same_stamps(
    common: Path, written: GitStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = git_store(common)
    moved = threading.Event()
    build = wal.Batch.build

    def interrupted(batch: wal.Batch, history: object) -> str:
        new = build(batch, history)  # type: ignore[arg-type] # the store's own history
        if not moved.is_set():
            moved.set()
            ahead, _ = other._scribe.batch(tip_of(other), [progress("b2", 5)])
            assert other._publisher.swap(tip_of(other), build(ahead, other.history))
        return new

    monkeypatch.setattr(wal.Batch, "build", interrupted)
    [event] = written.transact(lambda state: [progress("a1", 2)])
    assert sorted(texts(written)) == ["a1: progress 1 %", "a1: progress 2 %", "b2: progress 5 %"]
    assert event.id in {logged.event.id for logged in written.log()}
    assert wal.undone(written.layout) == []
    assert [fault.kind for fault in faults_of(common)] == []


def test_pruned_objects_come_back_from_the_log_with_the_same_ids(
    repo: Repo, common: Path, written: GitStore
) -> None:
    for number in range(3):
        written.transact(lambda state, number=number: [progress("b2", number)])  # type: ignore[misc]
    tip = tip_of(written)
    lost = [line.split()[0] for line in repo.git("rev-list", "--objects", f"{REF}", f"^{REF}~3").splitlines()]
    for oid in lost:
        (common / "objects" / oid[:2] / oid[2:]).unlink()
    assert {fault.kind for fault in faults_of(common)} == {"broken-ref"}
    store = git_store(common)
    store.transact(lambda state: [progress("b2", 9)])
    assert repo.oid(f"{REF}~1") == tip
    assert faults_of(common) == []
    assert repo.git("fsck", "--strict", "--no-dangling") == ""


def test_lost_objects_that_the_log_lacks_stay_an_error(repo: Repo, common: Path, written: GitStore) -> None:
    for path in wal.done_folder(written.layout).iterdir():
        path.unlink()
    tip = tip_of(written)
    (common / "objects" / tip[:2] / tip[2:]).unlink()
    with pytest.raises(MissingObject, match=tip):
        git_store(common).transact(lambda state: [progress("b2", 9)])


def test_a_deleted_ref_is_not_begun_anew(repo: Repo, common: Path, written: GitStore) -> None:
    tip = tip_of(written)
    repo.git("update-ref", "-d", REF)
    written.transact(lambda state: [progress("b2", 9)])
    assert repo.git("merge-base", "--is-ancestor", tip, REF) == ""
    assert faults_of(common) == []


def test_a_newer_format_is_read_and_not_written(common: Path, written: GitStore) -> None:
    written.transact(lambda state: [Draft("meta.upgraded", "ccc", "format 2", {META: {"format": 2}})])
    with pytest.raises(Refused, match="format 2, this ccc writes format 1"):
        written.transact(lambda state: [progress("b2", 9)])
    assert values(written.state().stream("sessions/a1")) == {"progress": 1}


def test_the_holder_of_the_lock_is_named(common: Path, written: GitStore) -> None:
    with (
        locked(Layout(common).lock),
        pytest.raises(StoreBusy, match=f"by process {os.getpid()} for more than 0.05 s"),
    ):
        git_store(common).transact(lambda state: [progress("b2", 9)], timeout=0.05)
    assert len(texts(written)) == 1


def test_readers_do_not_wait_for_the_lock(common: Path, written: GitStore) -> None:
    with locked(Layout(common).lock):
        written.journal(progress("b2", 9))
        assert values(written.state().stream("sessions/b2")) == {"progress": 9}


def test_a_lock_left_on_the_ref_is_removed_when_old(common: Path, written: GitStore) -> None:
    lock = common / f"{REF}.lock"
    lock.touch()
    os.utime(lock, (time.time() - 120, time.time() - 120))
    written.transact(lambda state: [progress("b2", 9)])
    assert not lock.exists()
    assert len(texts(written)) == 2


def test_a_fresh_lock_on_the_ref_makes_the_store_busy_and_nothing_is_recorded(
    common: Path, written: GitStore
) -> None:
    lock = common / f"{REF}.lock"
    lock.touch()
    written.journal(progress("c3", 1))
    with pytest.raises(StoreBusy):
        written.transact(lambda state: [progress("b2", 9)])
    lock.unlink()
    git_store(common).drain()
    assert texts(written) == ["a1: progress 1 %", "c3: progress 1 %"]
    assert faults_of(common) == []


def test_a_full_disk_records_nothing(
    common: Path, written: GitStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: object, kind: str, content: bytes) -> str:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(type(written.history.objects), "write", full)
        with pytest.raises(OSError, match="No space left"):
            written.transact(lambda state: [progress("b2", 9)])
    written.drain()
    assert texts(written) == ["a1: progress 1 %"]
    assert wal.undone(written.layout) == []


def test_claims_of_a_dead_process_are_taken_over(common: Path, written: GitStore) -> None:
    written.journal(progress("b2", 9))
    dead = Layout(common).journal_claimed / "zzz.1.1"
    dead.mkdir(parents=True)
    for path in Layout(common).journal_new.iterdir():
        path.rename(dead / path.name)
    assert len(texts(written)) == 2
    assert written.drain() == 1
    assert not dead.exists()


def test_claims_of_a_living_process_are_left_alone(common: Path, written: GitStore) -> None:
    living = in_other_process(common, "print(flush=True); __import__('time').sleep(60)")
    assert living.stdout is not None
    living.stdout.readline()
    claim = Layout(common).journal_claimed / f"zzz.{living.pid}.{start_of(living.pid)}"
    written.journal(progress("b2", 9))
    claim.mkdir(parents=True)
    for path in Layout(common).journal_new.iterdir():
        path.rename(claim / path.name)
    try:
        assert written.drain() == 0
    finally:
        living.kill()
        living.communicate()
    assert written.drain() == 1


def test_a_restored_journal_entry_is_not_recorded_again(common: Path, written: GitStore) -> None:
    name = written.journal(progress("b2", 9))
    path = Layout(common).journal_new / name
    content, at = path.read_bytes(), path.stat().st_mtime_ns
    written.drain()
    for batch in wal.done_folder(written.layout).iterdir():
        batch.unlink()
    dead = Layout(common).journal_claimed / "zzz.1.1"
    dead.mkdir(parents=True)
    (dead / name).write_bytes(content)
    os.utime(dead / name, ns=(at, at))
    assert len(texts(written)) == 2
    assert written.drain() == 0
    assert journal.waiting(written.layout) == []


def test_old_batches_retire_except_the_newest(repo: Repo, common: Path, written: GitStore) -> None:
    for number in range(4):
        written.transact(lambda state, number=number: [progress("b2", number)])  # type: ignore[misc]
    kept = sorted(wal.done_folder(written.layout).iterdir())
    assert len(kept) == 5
    for path in kept[1:]:
        os.utime(path, (time.time() - 700, time.time() - 700))
    written.drain()
    assert sorted(wal.done_folder(written.layout).iterdir()) == kept, "the oldest is fresh, so all wait"
    os.utime(kept[0], (time.time() - 700, time.time() - 700))
    (common / "gc.pid").touch()
    written.drain()
    assert sorted(wal.done_folder(written.layout).iterdir()) == kept, "git gc runs"
    (common / "gc.pid").unlink()
    for _ in range(20):  # each drain spends 50 ms on it at most
        written.drain()
    assert sorted(wal.done_folder(written.layout).iterdir()) == kept[-1:]
    assert faults_of(common) == []


def test_the_record_of_tips_stays_small(common: Path, written: GitStore) -> None:
    for _ in range(2000):
        tips.append(written.layout, "1" * 40)
    assert written.layout.tips.stat().st_size < tips.TRIMMED_AT + 41
    assert tips.read(written.layout)[-1] == "1" * 40


def test_a_history_far_ahead_is_left_out_of_a_merge(repo: Repo, common: Path, written: GitStore) -> None:
    ahead = git_store(common, now=lambda: int(time.time() * 1000) + 30 * 3_600_000)
    batch, _ = ahead._scribe.batch(tip_of(written), [progress("zz", 1)])
    assert written.absorb([batch.build(ahead.history)]) == tip_of(written)
    assert len(texts(written)) == 1


def test_two_clones_come_to_the_same_commit(common: Path, written: GitStore) -> None:
    base = tip_of(written)
    there = git_store(common)
    batch, _ = there._scribe.batch(base, [progress("there", 1), progress("a1", 7)])
    elsewhere = batch.build(there.history)
    written.transact(lambda state: [progress("here", 1)])
    merged = written.absorb([elsewhere])
    assert merged == written.history.merge([elsewhere, tip_of(written)]) == written.absorb([base, elsewhere])
    assert sorted(written.state().streams("sessions")) == ["sessions/a1", "sessions/here", "sessions/there"]
    assert faults_of(common) == []


def test_observed_facts_are_recorded_before_each_decision(common: Path) -> None:
    seen: list[Sequence[str]] = []

    def watch(state: State, entries: object) -> Sequence[Draft]:
        return (
            ()
            if "moved" in state.stream("targets/main")
            else [Draft("m", "main", "moved", {"targets/main": {"moved": 1}})]
        )

    def decide(state: State) -> Sequence[Draft]:
        seen.append(list(state.stream("targets/main")))
        return ()

    store = git_store(common)
    store._observe = watch
    store.transact(decide)
    assert seen == [["moved"]]
    assert store.drain() == 0


def test_a_merge_bears_the_identity_of_the_parent_with_the_greatest_id(written: GitStore) -> None:
    history, tip = written.history, tip_of(written)
    clock = written.state().clock
    stamp_a, stamp_b = following(clock, 0, "a"), following(clock, 0, "b")
    for names in (("One", "Two"), ("Two", "One")):
        one, two = (
            history.append(tip, message([Event(stamp, "x", "s", "x")], stamp), f"{name} <dev@example.com>")
            for stamp, name in zip((stamp_a, stamp_b), names, strict=True)
        )
        merged = history.record(history.merge([two, one])).commit
        assert merged.committer == merged.author == history.record(max(one, two)).commit.committer


def test_equal_parts_of_two_trees_are_not_opened() -> None:
    writer = CellTreeWriter(MemoryObjects())
    assert writer.join_trees("1" * 40, "1" * 40) == "1" * 40


def test_a_batch_stays_while_its_journal_entry_waits(common: Path, written: GitStore) -> None:
    source = written.journal(progress("b2", 1))
    written.drain()
    written.transact(lambda state: [progress("b2", 2)])
    batches = sorted(wal.done_folder(written.layout).iterdir())
    for path in batches:
        os.utime(path, (time.time() - 700, time.time() - 700))
    held = next(
        logged.event.source for logged in written.log() if (logged.event.source or "").startswith(source)
    )
    wal.retire(written.layout, written.history, frozenset([held or ""]))
    assert sorted(wal.done_folder(written.layout).iterdir()) == batches[1:]


def test_a_retention_floor_takes_older_fields_away_for_good(written: GitStore) -> None:
    seen = written.state().clock
    [late] = written.transact(
        lambda state: [progress("a1", 2), Draft("x", "a1", "x", {"sessions/a1": {"role": "r"}})]
    )[:1]
    written.transact(lambda state: [Draft("reaped", "a1", "reaped", {"sessions/a1": {"reaped": late.id}})])
    assert seen < late.id
    assert written.state().stream("sessions/a1").keys() == {"role", "reaped"}
