"""Whatever is done to `refs/ccc` behind ccc's back: the next writer brings it back whole, and records it."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ccc.domain import stamps
from ccc.domain.cells import values
from ccc.domain.events import Delta, Event, message
from ccc.errors import StateBroken
from ccc.git.objects import COMMIT
from ccc.layout import Layout
from ccc.store import bundled, tips, wal
from ccc.store.gitstore import GitStore
from ccc.store.protocol import REF
from tests.store.tools import (
    DEVELOPER,
    backend_of,
    faults_of,
    git_store,
    in_other_process,
    progress,
    reader_of,
    texts,
)
from tests.support.repository import Repo

EVENTS = 6
pytestmark = pytest.mark.slow


@pytest.fixture
def written(common: Path) -> GitStore:
    """A store with six events."""
    store = git_store(common)
    for number in range(EVENTS):
        store.transact(lambda state, number=number: [progress(f"s{number}", number)])  # type: ignore[misc]
    return store


def tip_of(common: Path) -> str:
    tip = backend_of(common).get(REF)
    assert tip is not None
    return tip


def incidents(common: Path) -> list[dict[str, Any]]:
    """What is recorded of moves by others, oldest first."""
    found = [logged.event for logged in reader_of(common).log() if logged.event.type == "state.tampered"]
    return [event.data for event in reversed(found) if isinstance(event.data, dict)]


def facts(common: Path) -> set[str]:
    return {text for text in texts(reader_of(common)) if not text.startswith("ccc:")}


def the_next_writer(common: Path) -> GitStore:
    store = git_store(common)
    store.transact(lambda state: [progress("next", 1)])
    return store


ALL = {f"s{number}: progress {number} %" for number in range(EVENTS)}


@pytest.mark.parametrize("content", ["garbage\n", "", "1" * 40 + "\n", "{blob}\n", "ref: refs/heads/main\n"])
def test_a_ref_overwritten_with_anything_comes_back(
    repo: Repo, common: Path, written: GitStore, content: str
) -> None:
    tip, main = tip_of(common), repo.oid("main")
    (common / "refs" / "ccc").write_text(content.format(blob=repo.oid("HEAD:README.md")))
    the_next_writer(common)
    assert facts(common) == ALL | {"next: progress 1 %"}
    assert repo.git("merge-base", "--is-ancestor", tip, REF) == ""
    assert repo.oid("main") == main
    [incident] = incidents(common)
    assert (incident["what"], incident["old"], incident["new"]) == ("unreadable", tip, tip)
    assert faults_of(common) == []


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("back", ["~1", "~5", "~6"])
def test_a_ref_moved_back_goes_forward_again(
    repo: Repo, common: Path, written: GitStore, back: str, packed: bool
) -> None:
    tip = tip_of(common)
    repo.git("update-ref", REF, f"{REF}{back}")
    if packed:
        repo.git("pack-refs", "--all")
    the_next_writer(common)
    assert facts(common) == ALL | {"next: progress 1 %"}
    [incident] = incidents(common)
    assert (incident["what"], incident["new"], incident["events"]) == ("moved back", tip, int(back[1:]))
    assert faults_of(common) == []


def test_moved_back_and_pruned_all_comes_back_from_the_log(
    repo: Repo, common: Path, written: GitStore
) -> None:
    tip = tip_of(common)
    repo.git("update-ref", REF, f"{REF}~4")
    repo.git("gc", "-q", "--prune=now")
    assert not git_store(common).history.objects.has(tip)
    the_next_writer(common)
    assert facts(common) == ALL | {"next: progress 1 %"}
    assert repo.git("merge-base", "--is-ancestor", tip, REF) == ""
    assert faults_of(common) == []
    assert repo.git("fsck", "--strict", "--no-dangling") == ""


def test_a_reference_below_it_is_named(repo: Repo, common: Path, written: GitStore) -> None:
    repo.git("update-ref", "-d", REF)
    repo.git("update-ref", f"{REF}/inbox", "main")
    with pytest.raises(StateBroken, match="refs/ccc/inbox is in the way of refs/ccc"):
        the_next_writer(common)
    repo.git("update-ref", "-d", f"{REF}/inbox")
    the_next_writer(common)
    assert facts(common) >= ALL


# What ccc did not make


def test_a_commit_made_by_hand_is_taken_off_and_kept(repo: Repo, common: Path, written: GitStore) -> None:
    tip = tip_of(common)
    by_hand = repo.git("commit-tree", f"{REF}^{{tree}}", "-p", REF, stdin="by hand\n")
    repo.git("update-ref", REF, by_hand)
    the_next_writer(common)
    [incident] = incidents(common)
    kept = f"refs/ccc-backup/ccc/{by_hand[:12]}"
    assert (incident["what"], incident["new"], incident["kept"]) == ("foreign commits", tip, kept)
    assert repo.oid(kept) == by_hand
    assert not repo.git("branch", "--contains", by_hand)
    assert facts(common) == ALL | {"next: progress 1 %"}
    assert faults_of(common) == []


def test_another_projects_history_in_its_place_is_kept_aside(
    repo: Repo, common: Path, written: GitStore
) -> None:
    repo.git("update-ref", REF, "main")
    the_next_writer(common)
    [incident] = incidents(common)
    assert incident["what"] == "replaced"
    assert repo.oid(incident["kept"]) == repo.oid("main")
    assert faults_of(common) == []


def forged(store: GitStore, event: Event) -> str:
    """A commit with this event, in every byte as ccc would have written it."""
    tip = tip_of(store.layout.common)
    return store.history.append(
        tip, message([event], max(event.id, store.history.record(tip).clock)), DEVELOPER
    )


def test_a_perfect_copy_of_our_form_is_noticed_and_its_approvals_do_not_count(
    repo: Repo, common: Path, written: GitStore
) -> None:
    stamp = stamps.following(written.state().clock, stamps.now_ms(), "zzz")
    changes: Delta = {"merges/s1": {"ok.0123": {"by": "Developer"}}, "sessions/s1": {"progress": 77}}
    new = forged(written, Event(stamp, "session.approved", "main", "approved s1", changes))
    repo.git("update-ref", REF, new)
    the_next_writer(common)
    [incident] = incidents(common)
    assert (incident["what"], incident["strange"], incident["kept"]) == ("foreign commits", 1, None)
    state = git_store(common).state()
    assert values(state.stream("sessions/s1"))["progress"] == 77
    assert "ok.0123" not in values(state.stream("merges/s1"))
    assert faults_of(common) == []


def bad_copies(store: GitStore) -> Iterator[str]:
    """Commits that look like ccc's: a tree beyond its events, an event twice, an event of next week."""
    clock, objects, tip = store.state().clock, backend_of(store.layout.common), tip_of(store.layout.common)
    honest = store.history.record(forged(store, Event(stamps.following(clock, 0, "z"), "x", "s1", "x", {})))
    cell = (stamps.following(clock, 0, "z"), 100)
    tree = store.history.tree.apply(honest.commit.tree, {"sessions/s2": {"progress": cell}})
    content = objects.read(honest.oid)[1]
    yield objects.write(COMMIT, content.replace(honest.commit.tree.encode(), tree.encode()))
    yield forged(store, store.history.record(f"{tip}").events[0])
    week = stamps.make(stamps.now_ms() + 7 * 24 * 3_600_000, 0, "z")
    yield forged(store, Event(week, "x", "s1", "x", {"sessions/s1": {"progress": 5}}))


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_copy_of_our_form_that_lies_is_taken_off_and_kept(
    repo: Repo, common: Path, written: GitStore, which: int
) -> None:
    tip, bad = tip_of(common), list(bad_copies(written))[which]
    repo.git("update-ref", REF, bad)
    assert faults_of(common) != []
    the_next_writer(common)
    [incident] = incidents(common)
    assert (incident["what"], incident["new"]) == ("foreign commits", tip)
    assert repo.oid(incident["kept"]) == bad
    assert faults_of(common) == []


# What is lost, and where it comes from


def lose(repo: Repo, common: Path, *, log: bool) -> str:
    """Moves the ref back by four events and prunes them; `log`: the log is lost, too."""
    tip = tip_of(common)
    repo.git("update-ref", REF, f"{REF}~4")
    if log:
        shutil.rmtree(wal.done_folder(Layout(common)))
    repo.git("gc", "-q", "--prune=now")
    return tip


def test_nothing_is_built_on_less_than_what_was_recorded(repo: Repo, common: Path, written: GitStore) -> None:
    tip = lose(repo, common, log=True)
    left = tip_of(common)
    with pytest.raises(StateBroken, match=f"{tip}, where ccc had put .* can be read is {left}"):
        the_next_writer(common)
    assert tip_of(common) == left
    assert [(fault.kind, tip in fault.what) for fault in faults_of(common)] == [("rolled-back-ref", True)]


def test_who_gives_up_goes_on_and_the_fault_stays(repo: Repo, common: Path, written: GitStore) -> None:
    tip = lose(repo, common, log=True)
    restored = git_store(common).restore(give_up=True)
    assert restored is not None
    assert restored.missing == tip
    the_next_writer(common)
    assert [(fault.kind, tip in fault.what) for fault in faults_of(common)] == [("rolled-back-ref", True)]


def test_a_copy_shared_with_a_remote_brings_it_back(repo: Repo, common: Path, written: GitStore) -> None:
    repo.git("update-ref", "refs/ccc-remotes/origin/r1.0", REF)
    tip = lose(repo, common, log=True)
    repo.git("update-ref", "-d", REF)
    the_next_writer(common)
    assert repo.git("merge-base", "--is-ancestor", tip, REF) == ""
    assert facts(common) >= ALL
    assert faults_of(common) == []


def test_a_bundle_brings_it_back(repo: Repo, common: Path, written: GitStore) -> None:
    folder = bundled.folder_of(Layout(common))
    folder.mkdir()
    repo.git("bundle", "create", "-q", str(folder / "20260101T000000-close.bundle"), REF)
    lose(repo, common, log=True)
    the_next_writer(common)
    assert facts(common) >= ALL
    assert faults_of(common) == []


# No false alarm


@pytest.mark.parametrize("point", ["wal-written", "objects-written", "swapped", "marked-done"])
def test_a_writer_killed_at_its_work_is_no_stranger(common: Path, written: GitStore, point: str) -> None:
    process = in_other_process(common, "store.transact(lambda state: [progress('k', 1)])", stop_at=point)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, errors.decode()
    assert reader_of(common).tip() == tip_of(common)
    the_next_writer(common)
    assert incidents(common) == []
    assert "k: progress 1 %" in facts(common)


def test_a_merge_killed_before_it_was_remembered_is_no_stranger(common: Path, written: GitStore) -> None:
    late = stamps.following(written.state().clock, 0, "zzz")
    base = written.history.record(tip_of(common)).commit.parents[0]
    event = Event(late, "x", "other", "there", {"sessions/zz": {"a": 1}})
    other = written.history.append(base, message([event], late), DEVELOPER)
    process = in_other_process(common, f"store.absorb(['{other}'])", stop_at="swapped")
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    the_next_writer(common)
    assert incidents(common) == []
    assert "other: there" in facts(common)


def test_tips_forgotten_in_a_power_cut_are_known_from_the_log(common: Path, written: GitStore) -> None:
    path = Layout(common).tips
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-5]))
    the_next_writer(common)
    assert incidents(common) == []
    assert faults_of(common) == []


def test_an_event_is_recorded_where_the_mark_of_retiring_cannot_be_written(
    common: Path, written: GitStore
) -> None:
    cache = Layout(common).cache
    shutil.rmtree(cache, ignore_errors=True)
    cache.write_text("no folder")
    written.journal(progress("other", 1))
    assert written.drain() == 1
    assert faults_of(common) == []


def test_a_mark_of_retiring_from_the_future_keeps_nobody_from_it(common: Path, written: GitStore) -> None:
    written.drain()
    mark = Layout(common).cache / "retired"
    assert wal.retired_lately(Layout(common))
    os.utime(mark, (time.time() + 3600, time.time() + 3600))
    assert not wal.retired_lately(Layout(common))


def test_a_copied_repository_goes_on_by_itself(common: Path, written: GitStore, tmp_path: Path) -> None:
    shutil.copytree(common, tmp_path / "copy.git")
    the_next_writer(common)
    the_next_writer(tmp_path / "copy.git")
    assert incidents(tmp_path / "copy.git") == []


def test_histories_that_came_through_a_remote_are_no_strangers(
    repo: Repo, common: Path, written: GitStore
) -> None:
    stamp = stamps.following(written.state().clock, stamps.now_ms(), "zzz")
    other = forged(written, Event(stamp, "x", "other", "there", {"sessions/zz": {"a": 1}}))
    repo.git("update-ref", "refs/ccc-remotes/origin/r2.0", other)
    repo.git("update-ref", REF, other)
    the_next_writer(common)
    assert incidents(common) == []
    assert "other: there" in facts(common)


def test_the_record_of_tips_deleted_by_hand_is_begun_anew(common: Path, written: GitStore) -> None:
    Layout(common).tips.unlink()
    the_next_writer(common)
    assert incidents(common) == []
    assert tips.last(Layout(common)) == tip_of(common)
