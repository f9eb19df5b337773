"""`fsck --repair` mends each fault that fsck can name, says what it did, and leaves nothing to find."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ccc.domain import stamps
from ccc.domain.events import Draft, Event, message
from ccc.git.objects import COMMIT
from ccc.layout import Layout
from ccc.store import tips, wal
from ccc.store.faults import KINDS
from ccc.store.gitstore import GitStore
from ccc.store.protocol import META, REF
from tests.store.test_fsck import aged, object_file, state_blob, with_tree
from tests.store.tools import DEVELOPER, backend_of, faults_of, git_store, progress, reader_of, texts
from tests.support.repository import Repo

pytestmark = pytest.mark.slow


@pytest.fixture
def written(common: Path) -> GitStore:
    """A store with a few sessions in it."""
    store = git_store(common)
    for number in range(5):
        store.transact(lambda state, number=number: [progress(f"s{number}", number)])  # type: ignore[misc]
    store.journal(progress("s1", 99))
    store.drain()
    return store


def facts(common: Path) -> set[str]:
    return {text for text in texts(reader_of(common)) if not text.startswith("ccc:")}


def kinds(common: Path) -> list[str]:
    return [fault.kind for fault in faults_of(common)]


def known_tip(store: GitStore) -> None:
    """Makes the tip one that ccc itself is taken to have made: a fault of ccc's own."""
    tip = store.history.objects.get(REF)  # type: ignore[attr-defined] # the backend has both
    tips.append(store.layout, tip)


def forced(store: GitStore, text: str) -> None:
    """Puts a commit with this message on the ref, as a faulty ccc would."""
    tip = store.tip()
    assert tip is not None
    assert backend_of(store.layout.common).swap(REF, tip, store.history.append(tip, text, DEVELOPER))
    known_tip(store)


def forget_log(store: GitStore) -> None:
    for path in wal.done_folder(store.layout).iterdir():
        path.unlink()


def missing_state(repo: Repo, common: Path, store: GitStore) -> None:
    object_file(common, state_blob(repo, "s2")).unlink()


def missing_state_that_the_log_lacks(repo: Repo, common: Path, store: GitStore) -> None:
    forget_log(store)
    object_file(common, state_blob(repo, "s1", f"{REF}~1")).unlink()
    object_file(common, repo.oid(f"{REF}:sessions")).unlink()


def damaged_object(repo: Repo, common: Path, store: GitStore) -> None:
    path = object_file(common, state_blob(repo, "s2"))
    path.chmod(0o644)
    path.write_bytes(b"damaged")


def missing_commit(repo: Repo, common: Path, store: GitStore) -> None:
    object_file(common, repo.oid(f"{REF}~2")).unlink()


def wrong_tree(repo: Repo, common: Path, store: GitStore) -> None:
    tip = store.tip()
    assert tip is not None
    cell = (stamps.following(store.state().clock, stamps.now_ms(), "z"), 100)
    tree = store.history.record(tip).commit.tree
    with_tree(store, store.history.tree.apply(tree, {"sessions/s2": {"progress": cell}}))
    known_tip(store)


def torn_file(repo: Repo, common: Path, store: GitStore) -> None:
    path = Layout(common).journal_new / "half"
    path.write_text('{"type":"x"')
    aged(path, 60)


def unfinished_batch(repo: Repo, common: Path, store: GitStore) -> None:
    path = sorted(wal.done_folder(Layout(common)).iterdir())[-1]
    aged(path.rename(Layout(common).wal / path.name), 60)


def unreadable_batch(repo: Repo, common: Path, store: GitStore) -> None:
    path = Layout(common).wal / f"{stamps.make(stamps.now_ms(), 0, 'a')}.json"
    path.write_bytes(b"")
    aged(path, 60)


def stale_lock(repo: Repo, common: Path, store: GitStore) -> None:
    path = common / "refs" / "ccc.lock"
    path.touch()
    aged(path, 120)


def broken_ref(repo: Repo, common: Path, store: GitStore) -> None:
    (common / "refs" / "ccc").write_text("garbage\n")


def rolled_back(repo: Repo, common: Path, store: GitStore) -> None:
    repo.git("update-ref", REF, f"{REF}~2")


def event_twice(repo: Repo, common: Path, store: GitStore) -> None:
    event = next(store.log()).event
    forced(store, message([event], event.id))
    store.transact(lambda state: [progress("later", 1)])


def entry_twice(repo: Repo, common: Path, store: GitStore) -> None:
    event = next(store.log()).event
    again = replace(event, id=stamps.following(event.id, 0, "z"))
    forced(store, message([again], again.id))


def clock_back(repo: Repo, common: Path, store: GitStore) -> None:
    clock = store.state().clock
    event = Event(stamps.following(clock, 0, "z"), "x", "s1", "x", {"sessions/s1": {"progress": 7}})
    forced(store, message([event], stamps.make(stamps.milliseconds(clock) - 5000, 0, "z")))


def future_stamp(repo: Repo, common: Path, store: GitStore) -> None:
    ahead = stamps.make(stamps.now_ms() + 48 * 3_600_000, 0, "z")
    forced(store, message([Event(ahead, "x", "s1", "x", {"sessions/s1": {"progress": 5}})], ahead))


def foreign_commit(repo: Repo, common: Path, store: GitStore) -> None:
    clock = stamps.following(store.state().clock, 0, "z")
    moment = f"{stamps.now_ms() // 1000 + 5} +0000"
    text = f"by hand\n\nCcc-Clock: {clock}\n"
    new = repo.git(
        "commit-tree",
        f"{REF}^{{tree}}",
        "-p",
        REF,
        stdin=text,
        GIT_COMMITTER_DATE=moment,
        GIT_AUTHOR_DATE="1700000000 +0200",
    )
    repo.git("update-ref", REF, new)
    known_tip(store)
    store.transact(lambda state: [progress("later", 1)])


Plant = Callable[[Repo, Path, GitStore], None]
PLANTED: dict[Plant, tuple[str, str]] = {
    missing_state: ("missing-object", "brought back 1 objects from the write-ahead log"),
    missing_state_that_the_log_lacks: ("missing-object", "objects from their events"),
    damaged_object: ("missing-object", "moved 1 damaged objects"),
    missing_commit: ("missing-object", "brought back 1 objects from the write-ahead log"),
    wrong_tree: ("tree-mismatch", "made the state again from all events"),
    torn_file: ("torn-journal", "it was never finished, so never acknowledged"),
    unfinished_batch: ("unretired-wal", ""),
    unreadable_batch: ("unretired-wal", "recorded 1 events"),
    stale_lock: ("stale-lock", "removed"),
    broken_ref: ("broken-ref", "refs/ccc was overwritten and could not be read; restored to"),
    rolled_back: ("rolled-back-ref", "refs/ccc was moved back to"),
    event_twice: ("duplicate-event", "history made again from the first of 1 faulty commits"),
    entry_twice: ("duplicate-event", "history made again from the first of 1 faulty commits"),
    clock_back: ("clock-back", "history made again from the first of 1 faulty commits"),
    future_stamp: ("future-stamp", "history made again from the first of 1 faulty commits"),
    foreign_commit: ("foreign-commit", "history made again from the first of 1 faulty commits"),
}


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_a_planted_fault_is_mended_and_no_event_is_lost(
    repo: Repo, common: Path, written: GitStore, plant: Plant
) -> None:
    before = facts(common)
    plant(repo, common, written)
    kind, words = PLANTED[plant]
    assert kind in kinds(common)
    done = git_store(common).repair()
    assert words in "\n".join(done)
    assert kinds(common) == []
    git_store(common).transact(lambda state: [progress("after", 1)])
    assert facts(common) >= before | {"after: progress 1 %"}
    assert kinds(common) == []
    assert repo.git("fsck", "--strict", "--no-dangling") == ""


def test_what_only_a_newer_ccc_understands_is_left_alone(common: Path, written: GitStore) -> None:
    written.transact(lambda state: [Draft("meta.upgraded", "ccc", "format 2", {META: {"format": 2}})])
    tip = written.tip()
    words = git_store(common).repair()
    assert "written in format 2" in "\n".join(words)
    assert (kinds(common), written.tip()) == (["unknown-format"], tip)


def test_every_kind_is_mended_here() -> None:
    assert {kind for kind, _ in PLANTED.values()} | {"unknown-format"} == set(KINDS)


def test_the_faulty_history_is_kept_under_another_name(repo: Repo, common: Path, written: GitStore) -> None:
    event_twice(repo, common, written)
    old = repo.oid(REF)
    git_store(common).repair()
    assert repo.oid(f"refs/ccc-backup/ccc/{old[:12]}") == old
    assert repo.git("cat-file", "-t", old) == COMMIT


def test_what_others_have_too_is_not_taken_out(repo: Repo, common: Path, written: GitStore) -> None:
    event_twice(repo, common, written)
    repo.git("update-ref", "refs/ccc-remotes/origin/r2.0", REF)
    tip = repo.oid(REF)
    [words] = git_store(common).repair()
    assert words.startswith("refs/ccc-remotes/origin/r2.0 has the faulty commits, too")
    assert (repo.oid(REF), kinds(common)) == (tip, ["duplicate-event"])
