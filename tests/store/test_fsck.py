"""Each fault planted for real is found, by its own name and no other."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from ccc.domain import stamps
from ccc.domain.events import Draft, Event, message
from ccc.git.objects import BLOB, COMMIT, TREE, Entry, build_tree
from ccc.layout import Layout
from ccc.store import wal
from ccc.store.faults import KINDS
from ccc.store.gitstore import GitStore
from ccc.store.protocol import META, REF
from tests.store.tools import DEVELOPER, backend_of, faults_of, git_store, progress
from tests.support.repository import Repo


@pytest.fixture
def written(common: Path) -> GitStore:
    """A store with a few sessions in it."""
    store = git_store(common)
    for number in range(5):
        store.transact(lambda state, number=number: [progress(f"s{number}", number)])  # type: ignore[misc]
    store.journal(progress("s1", 99))
    store.drain()
    return store


def kinds(common: Path, now: int | None = None) -> list[str]:
    return [fault.kind for fault in faults_of(common, now)]


def aged(path: Path, seconds: float) -> None:
    moment = stamps.now_ms() / 1000 - seconds
    os.utime(path, (moment, moment))


def forced(store: GitStore, text: str) -> None:
    """Puts a commit with this message on the ref, as a faulty program would."""
    tip = store.tip()
    assert tip is not None
    new = store.history.append(tip, text, DEVELOPER)
    assert backend_of(store.layout.common).swap(REF, tip, new)


def object_file(common: Path, oid: str) -> Path:
    return common / "objects" / oid[:2] / oid[2:]


def state_blob(repo: Repo, session: str, revision: str = REF) -> str:
    names = repo.git("ls-tree", "-r", revision, "sessions").splitlines()
    return next(line.split()[2] for line in names if f"/{session}/state.json" in line)


def test_a_healthy_store_has_no_fault(common: Path, written: GitStore) -> None:
    assert faults_of(common) == []


def test_a_repository_without_ccc_has_no_fault(common: Path) -> None:
    assert faults_of(common) == []


def test_a_merged_store_has_no_fault(common: Path, written: GitStore) -> None:
    other = git_store(common)
    tip = written.tip()
    assert tip is not None
    clock = written.state().clock
    late = Event(stamps.following(clock, 0, "zzz"), "x", "other", "there", {"sessions/zz": {"a": 1}})
    elsewhere = written.history.append(tip, message([late], late.id), DEVELOPER)
    other.transact(lambda state: [progress("s9", 1)])
    merged = other.absorb([elsewhere])
    assert len(other.history.record(merged).commit.parents) == 2
    assert faults_of(common) == []


def test_missing_blob(repo: Repo, common: Path, written: GitStore) -> None:
    object_file(common, state_blob(repo, "s2")).unlink()
    assert kinds(common) == ["missing-object"]


def test_missing_blob_of_the_past(repo: Repo, common: Path, written: GitStore) -> None:
    object_file(common, state_blob(repo, "s1", f"{REF}~1")).unlink()
    assert kinds(common) == ["missing-object"]


def test_missing_tree_is_one_fault(repo: Repo, common: Path, written: GitStore) -> None:
    object_file(common, repo.oid(f"{REF}:sessions")).unlink()
    assert kinds(common) == ["missing-object"]


def test_missing_commit(repo: Repo, common: Path, written: GitStore) -> None:
    object_file(common, repo.oid(f"{REF}~3")).unlink()
    assert kinds(common) == ["missing-object"]


def test_damaged_object_counts_as_missing(repo: Repo, common: Path, written: GitStore) -> None:
    path = object_file(common, state_blob(repo, "s2"))
    path.chmod(0o644)
    path.write_bytes(b"damaged")
    assert kinds(common) == ["missing-object"]


def with_tree(written: GitStore, tree: str) -> None:
    """Puts a commit on the ref whose event and form are right and whose tree is this one."""
    objects, history, tip = backend_of(written.layout.common), written.history, written.tip()
    assert tip is not None
    event = Event(stamps.following(written.state().clock, 0, "z"), "x", "s2", "x", {})
    honest = history.record(history.append(tip, message([event], event.id), DEVELOPER))
    content = objects.read(honest.oid)[1].replace(honest.commit.tree.encode(), tree.encode())
    assert objects.swap(REF, tip, objects.write(COMMIT, content))


def tree_of(written: GitStore) -> str:
    tip = written.tip()
    assert tip is not None
    return written.history.record(tip).commit.tree


def test_tree_that_is_not_the_join_of_the_events(common: Path, written: GitStore) -> None:
    cell = (stamps.make(stamps.now_ms(), 0, "z"), 100)
    with_tree(written, written.history.tree.apply(tree_of(written), {"sessions/s2": {"progress": cell}}))
    [fault] = faults_of(common)
    assert (fault.kind, fault.where) == ("tree-mismatch", "sessions/s2")


def test_a_file_slipped_into_the_tree(common: Path, written: GitStore) -> None:
    objects = backend_of(common)
    entries = written.history.tree.entries(tree_of(written))
    extra = {**entries, "notes.txt": Entry("100644", objects.write(BLOB, b"x"))}
    with_tree(written, objects.write(TREE, build_tree(extra)))
    assert kinds(common) == ["tree-mismatch"]


def test_torn_journal_file(common: Path, written: GitStore) -> None:
    path = Layout(common).journal_new / "half"
    path.write_text('{"type":"x"')
    assert kinds(common) == []
    aged(path, 60)
    assert kinds(common) == ["torn-journal"]


def test_batch_that_nobody_marked_as_done(common: Path, written: GitStore) -> None:
    path = sorted(wal.done_folder(Layout(common)).iterdir())[-1]
    back = path.rename(Layout(common).wal / path.name)
    assert kinds(common) == []
    aged(back, 60)
    assert kinds(common) == ["unretired-wal"]


def test_batch_that_cannot_be_read(common: Path, written: GitStore) -> None:
    path = Layout(common).wal / f"{stamps.make(stamps.now_ms(), 0, 'a')}.json"
    path.write_bytes(b"")
    aged(path, 60)
    assert kinds(common) == ["unretired-wal"]


def test_stale_lock(common: Path, written: GitStore) -> None:
    path = common / "refs" / "ccc.lock"
    path.touch()
    assert kinds(common) == []
    aged(path, 120)
    assert kinds(common) == ["stale-lock"]


def test_lock_of_a_git_that_lives_is_no_fault(repo: Repo, common: Path, written: GitStore) -> None:
    path = common / "refs" / "ccc.lock"
    path.touch()
    aged(path, 120)
    command = ["git", "hash-object", "--stdin"]
    living = subprocess.Popen(command, cwd=repo.path, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        # The kernel tells a new program's start before it gives the process its name.
        until = time.monotonic() + 10
        while Path(f"/proc/{living.pid}/comm").read_text() != "git\n" and time.monotonic() < until:
            pass
        assert kinds(common) == []
    finally:
        living.communicate(b"")


@pytest.mark.parametrize("content", ["garbage\n", "", "1" * 40 + "\n", "{blob}\n"])
def test_broken_ref(repo: Repo, common: Path, written: GitStore, content: str) -> None:
    blob = state_blob(repo, "s1")
    (common / "refs" / "ccc").write_text(content.format(blob=blob))
    [fault] = faults_of(common)
    assert fault.kind == "broken-ref"
    assert fault.repair == f"git update-ref refs/ccc {written.layout.tips.read_text().split()[-1]}"


def test_ref_moved_back(repo: Repo, common: Path, written: GitStore) -> None:
    tip = written.tip()
    repo.git("update-ref", REF, f"{REF}~2")
    [fault] = faults_of(common)
    assert fault.kind == "rolled-back-ref"
    assert str(tip) in fault.what


def test_ref_deleted(repo: Repo, common: Path, written: GitStore) -> None:
    repo.git("update-ref", "-d", REF)
    assert kinds(common) == ["rolled-back-ref"]


def test_event_recorded_twice(common: Path, written: GitStore) -> None:
    event = next(written.log()).event
    forced(written, message([event], event.id))
    assert kinds(common) == ["duplicate-event"]


def test_journal_entry_recorded_twice(common: Path, written: GitStore) -> None:
    event = next(written.log()).event
    assert event.source is not None
    again = Event(
        stamps.following(event.id, 0, "z"),
        event.type,
        event.subject,
        event.text,
        event.changes,
        session=event.session,
        source=event.source,
    )
    forced(written, message([again], again.id))
    assert kinds(common) == ["duplicate-event"]


def test_two_facts_of_one_journal_entry_are_no_fault(common: Path, written: GitStore) -> None:
    written.transact(lambda state: [progress("s1", 1, source="n.1"), progress("s1", 2, source="n.1")])
    assert faults_of(common) == []


def test_clock_going_back(common: Path, written: GitStore) -> None:
    clock = written.state().clock
    event = Event(stamps.following(clock, 0, "z"), "x", "s1", "x", {})
    forced(written, message([event], stamps.make(stamps.milliseconds(clock) - 5000, 0, "z")))
    assert kinds(common) == ["clock-back"]


def test_stamp_far_in_the_future(common: Path, written: GitStore) -> None:
    ahead = stamps.make(stamps.now_ms() + 48 * 3_600_000, 0, "z")
    forced(written, message([Event(ahead, "x", "s1", "x", {"sessions/s1": {"progress": 5}})], ahead))
    assert kinds(common) == ["future-stamp"]


def test_format_of_a_newer_ccc(common: Path, written: GitStore) -> None:
    written.transact(lambda state: [Draft("meta.upgraded", "ccc", "format 2", {META: {"format": 2}})])
    assert kinds(common) == ["unknown-format"]


def test_event_that_cannot_be_read(common: Path, written: GitStore, repo: Repo) -> None:
    clock = stamps.following(written.state().clock, 0, "z")
    text = f'ccc: from the future\n\nCcc-Event: ["of another shape"]\nCcc-Clock: {clock}\n'
    new = repo.git(
        "commit-tree",
        f"{REF}^{{tree}}",
        "-p",
        REF,
        stdin=text,
        GIT_COMMITTER_DATE=_late(),
        GIT_AUTHOR_DATE=_late(),
    )
    repo.git("update-ref", REF, new)
    assert kinds(common) == ["unknown-format"]


def _late() -> str:
    return f"{stamps.now_ms() // 1000 + 5} +0000"


@pytest.mark.parametrize("text", ["by hand\n", "by hand\n\nCcc-Clock: {clock}\n"])
def test_commit_that_ccc_did_not_make(repo: Repo, common: Path, written: GitStore, text: str) -> None:
    clock = stamps.following(written.state().clock, 0, "z")
    dates = {"GIT_COMMITTER_DATE": _late(), "GIT_AUTHOR_DATE": "1700000000 +0200"}
    new = repo.git("commit-tree", f"{REF}^{{tree}}", "-p", REF, stdin=text.format(clock=clock), **dates)
    repo.git("update-ref", REF, new)
    assert kinds(common) == ["foreign-commit"]


def test_every_kind_is_planted_here() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert [kind for kind in KINDS if f'"{kind}"' not in source] == []
    assert len(KINDS) == 12
