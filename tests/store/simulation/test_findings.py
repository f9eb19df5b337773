"""What simulated days have found, one by one: each of these once lost an event or recorded it twice."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ccc.domain.events import Draft
from ccc.errors import StoreBusy
from ccc.store import gitstore, journal, publisher, tips, wal
from ccc.store.protocol import REF
from tests.store.simulation import proof
from tests.store.simulation.killing import DYING, Killed, Processes
from tests.store.simulation.replica import Replica
from tests.store.simulation.world import unlocked
from tests.store.tools import START_MS

pytestmark = DYING


class Wall:
    """A clock on the wall that somebody may set."""

    at_ms = START_MS

    def __call__(self) -> int:
        self.at_ms += 1
        return self.at_ms


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> Processes:
    return Processes(monkeypatch)


@pytest.fixture
def replica(tmp_path: Path, processes: Processes, wall: Wall) -> Replica:
    return Replica(tmp_path / "A.git", processes, wall)


def fact(key: str) -> Draft:
    return Draft("note.made", key, f"says {key}", {f"notes/{key}": {"text": key}}, data={"key": key})


def keys_of(replica: Replica) -> list[str]:
    return sorted(proof.keys_in(replica.store).elements())


def die_at(processes: Processes, replica: Replica, point: str, work: Callable[[], object]) -> None:
    with pytest.raises(Killed), replica.working(), processes.stopping_at(point):
        work()


def test_decisions_survive_a_power_cut_that_took_the_reference_and_the_record_of_its_tips(
    replica: Replica,
) -> None:
    replica.decide(fact("one"), "one")
    old, recorded = replica.store.tip(), replica.layout.tips.read_bytes()
    replica.decide(fact("two"), "two")
    replica.decide(fact("three"), "three")
    tip = replica.store.tip()
    (replica.common / REF).write_text(f"{old}\n", encoding="ascii")
    replica.layout.tips.write_bytes(recorded)
    replica.lose_done_mark()
    replica.restart()
    assert replica.store.drain() == 2
    assert replica.store.tip() == tip, "the very commits: others may have them"
    proof.prove_sound(replica)


def test_a_batch_that_was_shared_comes_back_as_the_commit_others_have(replica: Replica) -> None:
    replica.decide(fact("one"), "one")
    first = replica.store.tip()
    assert first is not None
    replica.decide(fact("two"), "two")
    shared = replica.store.tip()
    assert shared is not None
    replica.lose_done_mark()
    branch, _ = replica.store._scribe.batch(first, [fact("elsewhere")])
    elsewhere = branch.build(replica.store.history)
    (replica.common / REF).write_text(f"{elsewhere}\n", encoding="ascii")
    replica.layout.tips.write_text(f"{elsewhere}\n", encoding="ascii")
    replica.restart()
    replica.store.drain()
    assert replica.store.history.is_ancestor(shared, replica.store.tip() or "")
    assert keys_of(replica) == ["elsewhere", "one", "two"]
    proof.prove_sound(replica)


def test_a_merge_whose_objects_are_gone_is_made_again(replica: Replica) -> None:
    replica.decide(fact("one"), "one")
    base = replica.store.tip()
    assert base is not None
    batch, _ = replica.store._scribe.batch(base, [fact("there")])
    there = batch.build(replica.store.history)
    replica.decide(fact("here"), "here")
    merged = replica.store.absorb([there])
    tree = replica.store.history.record(merged).commit.tree
    for oid in (merged, tree):
        (replica.common / "objects" / oid[:2] / oid[2:]).unlink()
    replica.restart()
    replica.decide(fact("later"), "later")
    assert keys_of(replica) == ["here", "later", "one", "there"]
    proof.prove_sound(replica)


def test_a_tip_that_nobody_remembers_and_whose_objects_are_gone_comes_back_from_the_log(
    replica: Replica,
) -> None:
    replica.decide(fact("one"), "one")
    recorded = replica.layout.tips.read_bytes()
    replica.decide(fact("two"), "two")
    tip = replica.store.tip()
    assert tip is not None
    replica.layout.tips.write_bytes(recorded)
    (replica.common / "objects" / tip[:2] / tip[2:]).unlink()
    replica.restart()
    replica.store.drain()
    assert keys_of(replica) == ["one", "two"]
    assert replica.store.tip() == tip
    proof.prove_sound(replica)


def test_a_repair_looks_for_every_tip_that_was_recorded(replica: Replica) -> None:
    """The last one is in place; another writer's, who did not heed the lock, is not behind it."""
    replica.decide(fact("one"), "one")
    old = replica.store.tip()
    replica.decide(fact("two"), "two")
    two = replica.store.tip()
    batch, _ = replica.store._scribe.batch(old or "", [fact("three")])
    three = batch.build(replica.store.history)
    (replica.common / REF).write_text(f"{three}\n", encoding="ascii")
    replica.layout.tips.write_text(f"{old}\n{two}\n{three}\n", encoding="ascii")
    with pytest.raises(AssertionError, match="rolled-back-ref"):
        proof.prove_sound(replica)
    replica.store.repair()
    assert keys_of(replica) == ["one", "three", "two"]
    proof.prove_sound(replica)


def test_a_batch_in_the_hand_of_a_living_process_is_left_to_it(
    replica: Replica, processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it could be on the reference as one of them made it, and in the log as the other did."""
    monkeypatch.setattr(gitstore, "locked", unlocked)
    replica.decide(fact("one"), "one")
    other, number, seen = replica.fresh_store(), processes.start(), []

    def beside() -> None:
        with processes.running(number):
            other.drain()
        seen.append(keys_of(replica))
        assert len(wal.undone(replica.layout)) == 1

    with processes.stopping_at("wal-written", beside):
        replica.decide(fact("two"), "two")
    assert seen == [["one", "two"]], "readers see it all the same"
    assert keys_of(replica) == ["one", "two"]


def test_merges_on_record_are_forgotten_with_the_batches(replica: Replica) -> None:
    replica.decide(fact("one"), "one")
    batch, _ = replica.store._scribe.batch(replica.store.tip() or "", [fact("there")])
    there = batch.build(replica.store.history)
    replica.decide(fact("here"), "here")
    replica.store.absorb([there])
    replica.store.drain()
    [kept] = (replica.layout.wal / "merges").iterdir()
    at = kept.stat().st_mtime - 2 * wal.KEPT_SECONDS
    os.utime(kept, (at, at))
    (replica.common / "gc.pid").touch()
    replica.store.drain()
    assert kept.exists(), "a gc that runs does not know of it"
    (replica.common / "gc.pid").unlink()
    replica.store.drain()
    assert not kept.exists()


def test_everything_comes_back_from_the_log_even_the_first_commit(replica: Replica) -> None:
    replica.decide(fact("one"), "one")
    tip = replica.store.tip()
    for folder in (replica.common / "objects").iterdir():
        for path in folder.iterdir():
            path.unlink()
    replica.restart()
    replica.store.drain()
    assert replica.store.tip() == tip
    proof.prove_sound(replica)


def test_a_batch_put_on_another_parent_takes_no_other_batchs_place_in_the_log(
    replica: Replica, processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gitstore, "locked", unlocked)
    replica.decide(fact("one"), "one")
    other, number = replica.fresh_store(), processes.start()

    def beside() -> None:
        with processes.running(number):
            other.transact(lambda state: [fact("other")])

    with processes.stopping_at("stamped", beside):
        replica.decide(fact("two"), "two")
    assert keys_of(replica) == ["one", "other", "two"]
    assert len(list(wal.done(replica.layout))) == 3
    proof.prove_sound(replica)


@pytest.mark.parametrize(
    "point", ["claimed", "stamped", "wal-written", "objects-written", "swapped", "unlinked"]
)
def test_a_drain_overtaken_by_another_without_a_working_lock_records_each_once(
    replica: Replica, processes: Processes, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    monkeypatch.setattr(gitstore, "locked", unlocked)
    replica.decide(fact("one"), "one")
    replica.journal(fact("two"), "two")
    other, number = replica.fresh_store(), processes.start()

    def beside() -> None:
        replica.journal(fact("three"), "three")
        with processes.running(number):
            other.drain()
            other.transact(lambda state: [fact("four")])

    with processes.stopping_at(point, beside), replica.working():
        replica.store.drain()
    replica.store.drain()
    assert keys_of(replica) == ["four", "one", "three", "two"]
    assert wal.undone(replica.layout) == []
    proof.prove_sound(replica)


def test_files_that_another_drain_took_are_not_missed(
    replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have listed the journal, and one is quicker."""
    monkeypatch.setattr(gitstore, "locked", unlocked)
    replica.decide(fact("one"), "one")
    replica.journal(fact("two"), "two")
    replica.journal(fact("three"), "three")
    other, rename, taken = replica.fresh_store(), Path.rename, list[Path]()

    def quicker(path: Path, goal: Path) -> Path:
        if not taken and path.parent == replica.layout.journal_new:
            taken.append(path)
            other.drain()
        return rename(path, goal)

    monkeypatch.setattr(Path, "rename", quicker)
    with replica.working():
        replica.store.drain()
    assert keys_of(replica) == ["one", "three", "two"]


def test_a_file_named_like_one_that_a_dead_process_took_is_recorded_after_it(
    replica: Replica, processes: Processes
) -> None:
    replica.decide(fact("one"), "one")
    for key in ("two", "three"):
        journal.write(replica.layout, fact(key), "named")
        if key == "two":
            die_at(processes, replica, "claimed", replica.store.drain)
    replica.store.drain()
    assert keys_of(replica) == ["one", "three", "two"]
    replica.store.drain()
    assert keys_of(replica) == ["one", "three", "two"]
    assert journal.waiting(replica.layout) == []
    proof.prove_sound(replica)


def test_what_fails_after_the_reference_moved_is_no_failure_of_the_decision(
    replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(layout: object, tip: str) -> None:
        raise OSError(28, "No space left on device")

    replica.decide(fact("one"), "one")
    with monkeypatch.context() as patch:
        patch.setattr(tips, "append", full)
        replica.decide(fact("two"), "two")
    replica.restart()
    replica.store.drain()
    assert keys_of(replica) == ["one", "two"]
    assert wal.undone(replica.layout) == []
    proof.prove_sound(replica)


def test_a_decision_that_failed_is_not_recorded_later_on_another_parent(
    replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reference is always somebody else's: the batch is put on several parents, then given up."""
    replica.decide(fact("one"), "one")
    monkeypatch.setattr(publisher, "SWAP_ATTEMPTS", 3)
    with monkeypatch.context() as patch:
        patch.setattr(type(replica.store.history.objects), "swap", lambda *arguments: False)
        with pytest.raises(StoreBusy):
            replica.decide(fact("two"), "two")
    replica.restart()
    replica.store.drain()
    assert keys_of(replica) == ["one"]


@pytest.mark.parametrize("point", ["swapped", "marked-done"])
def test_readers_see_each_fact_once_though_the_clock_was_set_back(
    replica: Replica, processes: Processes, wall: Wall, point: str
) -> None:
    replica.decide(fact("one"), "one")
    wall.at_ms += 4 * 3_600_000
    for key in ("two", "three", "four"):
        replica.journal(fact(key), key)
    wall.at_ms -= 3 * 3_600_000
    die_at(processes, replica, point, replica.store.drain)
    assert keys_of(replica) == ["four", "one", "three", "two"]
    replica.store.drain()
    assert keys_of(replica) == ["four", "one", "three", "two"]


def only_here(replica: Replica, parent: str, key: str) -> str:
    """A commit on `parent` that the log does not know."""
    batch, _ = replica.store._scribe.batch(parent, [fact(key)])
    return batch.build(replica.store.history)


def left_over(processes: Processes, replica: Replica, key: str) -> wal.Kept:
    """A batch whose process died before it moved the reference."""
    die_at(processes, replica, "objects-written", lambda: replica.decide(fact(key), key))
    [kept] = wal.undone(replica.layout)
    return kept


def prove_rebuilt(replica: Replica, *keys: str) -> None:
    """The log has what is on the reference: when the commits are lost, they come back."""
    history = replica.store.history
    for record in list(history.walk([replica.store.tip() or ""])):
        if set(keys) & {event.subject for event in record.events}:
            (replica.common / "objects" / record.oid[:2] / record.oid[2:]).unlink()
    replica.restart()
    replica.decide(fact("later"), "later")
    assert keys_of(replica) == sorted([*keys, "one", "later"])
    proof.prove_sound(replica)


def test_the_log_names_the_parent_that_was_used_though_its_owner_wrote_another_when_it_died(
    processes: Processes, replica: Replica
) -> None:
    replica.decide(fact("one"), "one")
    kept = left_over(processes, replica, "two")
    elsewhere = only_here(replica, kept.batch.parent, "elsewhere")
    wal.write(replica.layout, replica.store._publisher._rebased(kept.batch, elsewhere), durable=False)
    assert replica.store._publisher.settle(kept) == 1
    (replica.common / "objects" / elsewhere[:2] / elsewhere[2:]).unlink()
    prove_rebuilt(replica, "two")


def test_the_log_names_the_parent_that_was_used_though_two_finished_the_batch_at_once(
    processes: Processes, replica: Replica
) -> None:
    replica.decide(fact("one"), "one")
    kept = left_over(processes, replica, "two")
    gone = only_here(replica, kept.batch.parent, "gone")
    kept = replace(kept, batch=replica.store._publisher._rebased(kept.batch, gone))
    (replica.common / "objects" / gone[:2] / gone[2:]).unlink()
    other = replica.fresh_store()
    replica.restart()

    def quicker() -> None:
        """Reads the batch as it was, records something, puts the batch on top of it."""
        tip = other.tip()
        assert tip is not None
        batch, _ = other._scribe.batch(tip, [fact("beside")])
        other._publisher.publish(batch, tip, durable=False)
        other._publisher.settle(kept)
        # and, as it looked away before that, the one overtaken has written its own version once more
        wal.write(replica.layout, replica.store._publisher._rebased(kept.batch, tip), durable=False)

    with processes.stopping_at("objects-written", quicker):
        replica.store._publisher.settle(kept)
    prove_rebuilt(replica, "two", "beside")
