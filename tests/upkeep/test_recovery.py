"""What people meet after something happened to the state: the next command tells, mends and goes on."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccc.domain import stamps
from ccc.domain.events import Draft, Event, message
from ccc.git.libgit import LibGit
from ccc.ops.workspace import Workspace
from ccc.store.gitstore import GitStore
from ccc.store.reader import nothing_observed
from tests.support.program import Program, RunsCcc
from tests.support.repository import copy_repository
from tests.support.settling import still
from tests.upkeep.conftest import Place

PERSON = "Developer <developer@example.com>"


def inbox(ccc: RunsCcc) -> list[str]:
    return [item["title"] for item in ccc("inbox", "--json", exit=0).json["items"]]


def events(ccc: RunsCcc, kind: str) -> list[str]:
    return [event["text"] for event in ccc("log", "--json", "--type", kind, exit=0).json["events"]]


def store_at(place: Place, ahead_ms: int) -> GitStore:
    """The store as a machine would have it whose clock is that far ahead."""
    workspace = place.workspace
    return GitStore(
        workspace.layout,
        workspace.git,
        objects=LibGit(workspace.repository.common),
        identity=lambda: PERSON,
        observe=nothing_observed,
        now=lambda: stamps.now_ms() + ahead_ms,
    )


# refs/ccc


def test_tampering_is_told_once_and_waits_in_the_inbox(place: Place, ccc_inline: RunsCcc) -> None:
    place.spawn()
    by_hand = place.repo.git("commit-tree", "refs/ccc^{tree}", "-p", "refs/ccc", stdin="by hand\n")
    tip = place.repo.oid("refs/ccc")
    place.repo.git("update-ref", "refs/ccc", by_hand)
    shown = ccc_inline("status", "--json", exit=0)
    assert shown.stderr == (
        f"ccc: refs/ccc got commits that ccc here did not make to {by_hand}; restored to {tip}\n"
        f"ccc: what is not ccc's was left out and is kept under refs/ccc-backup/ccc/{by_hand[:12]}\n"
    )
    assert [session["name"] for session in json.loads(shown.stdout)["sessions"]] == ["backend-jwt-auth"]
    assert inbox(ccc_inline) == ["refs/ccc got commits that ccc here did not make"]
    [item] = ccc_inline("inbox", "--json", exit=0).json["items"]
    assert item["command"] == f"git log -p refs/ccc-backup/ccc/{by_hand[:12]}"
    assert len(events(ccc_inline, "state.tampered")) == 1
    ccc_inline("inbox", "--ack", item["id"], exit=0)
    assert inbox(ccc_inline) == []


@pytest.mark.slow
def test_a_forged_approval_lands_nothing(place: Place, ccc_inline: RunsCcc, tmp_path: Path) -> None:
    session = place.spawn()
    place.tree(session).commit("Work", {"a.txt": "a\n"})
    ccc_inline("report", "--done", "--session", session.name, exit=0)
    copy = tmp_path / "copy"
    with still(place.repo):
        subprocess.run(["cp", "-a", str(place.repo.path), str(copy)], check=True)
    Program(copy)("approve", session.name, "--override", "the test says so", exit=0)
    there = Workspace.open(copy, os.environ).reader
    approval = next(one.event for one in there.log() if one.event.type.endswith("approved"))
    store, tip = store_at(place, 0), place.repo.oid("refs/ccc")
    again = Event(
        stamps.following(store.state().clock, stamps.now_ms(), "zzz"),
        approval.type,
        approval.subject,
        approval.text,
        approval.changes,
        session=session.id,
        by=PERSON,
    )
    place.repo.git("update-ref", "refs/ccc", store.history.append(tip, message([again], again.id), PERSON))
    entry = ccc_inline("review", session.name, "--json", exit=0).json
    assert entry["approvals"] == []
    assert entry["needed"] == 1
    ccc_inline("merge", session.name, exit=3)
    assert place.repo.git("log", "--format=%s", "main").count("Work") == 0


def test_objects_that_are_gone_come_back_for_a_reader(place: Place, ccc_inline: RunsCcc) -> None:
    place.spawn()
    tree = place.repo.oid("refs/ccc^{tree}")
    (place.workspace.layout.common / "objects" / tree[:2] / tree[2:]).unlink()
    shown = ccc_inline("status", "--json", exit=0)
    assert shown.stderr.startswith("ccc: objects behind refs/ccc were missing; made again from ")
    assert [session["name"] for session in shown.json["sessions"]] == ["backend-jwt-auth"]
    assert ccc_inline("fsck", exit=0).stderr == ""


@pytest.mark.slow
def test_repair_says_what_it_did_and_makes_a_bundle_first(place: Place, ccc_inline: RunsCcc) -> None:
    place.spawn()
    assert ccc_inline("fsck", "--repair", exit=0).stdout.startswith("whole: ")
    tip = place.repo.oid("refs/ccc")
    place.repo.git("update-ref", "refs/ccc", "refs/ccc~1")
    done = ccc_inline("fsck", "--repair", "--json", exit=0).json
    assert (done["ok"], done["faults"]) == (True, [])
    assert done["repaired"][0].endswith(f"restored to {tip}, 1 event")
    assert Path(done["bundle"]).is_file()


# Branches


@pytest.mark.slow
def test_a_target_moved_by_somebody_else_is_recorded_and_waits(place: Place, ccc_inline: RunsCcc) -> None:
    place.spawn()
    place.repo.git("branch", "kept")
    place.repo.commit("By hand", {"x.txt": "x\n"})
    assert inbox(ccc_inline) == ["main was moved outside ccc"]
    ccc_inline("note", "recorded", exit=0)
    place.repo.git("reset", "-q", "--hard", "HEAD~2")
    ccc_inline("note", "recorded", exit=0)
    place.repo.git("checkout", "-q", "--detach")
    place.repo.git("branch", "-D", "main")
    assert inbox(ccc_inline) == ["main is gone"]
    told = [text.split(" ")[0] for text in events(ccc_inline, "target.moved")]
    assert sorted(told) == ["forced", "gone", "moved"]


@pytest.mark.slow
def test_another_sessions_branch_moved_by_a_person_is_on_record(place: Place, ccc_inline: RunsCcc) -> None:
    session = place.spawn()
    branch, tree = session.branch, place.tree(session)
    tree.commit("One", {"1.txt": "1\n"})
    one = place.repo.oid(branch)
    new = place.repo.git("commit-tree", f"{branch}^{{tree}}", "-p", branch, stdin="By somebody else\n")
    place.repo.git("update-ref", f"refs/heads/{branch}", new)
    ccc_inline("note", "recorded", exit=0)
    place.repo.git("update-ref", f"refs/heads/{branch}", one)
    ccc_inline("note", "recorded", exit=0)
    place.repo.git("update-ref", "-d", f"refs/heads/{branch}")
    ccc_inline("note", "recorded", exit=0)
    kinds = {event["type"] for event in ccc_inline("log", "--json", session.name, exit=0).json["events"]}
    assert {"session.committed", "session.reset", "session.branch-gone"} <= kinds
    assert any("By somebody else" in text for text in events(ccc_inline, "session.committed"))
    assert inbox(ccc_inline) == [
        f"{branch} was moved from outside its session's worktree",
        f"{session.name} is lost",
    ]


# Clocks


@pytest.mark.slow
def test_a_clock_set_back_an_hour_keeps_the_order(place: Place, ccc_inline: RunsCcc) -> None:
    place.spawn()
    store_at(place, 3_600_000).transact(lambda state: [Draft("x.y", "ccc", "ahead")])
    for number in range(3):
        ccc_inline("note", f"note {number}", exit=0)
    told = ccc_inline("log", "--json", exit=0).json["events"]
    ids = [event["id"] for event in told]
    assert ids == sorted(ids, reverse=True)
    assert [event["text"] for event in told][3] == "ahead"
    assert ccc_inline("fsck", exit=0).stdout.startswith("whole: ")


@pytest.mark.slow
def test_events_of_next_week_stop_writers_until_they_are_given_a_time(
    place: Place, ccc_inline: RunsCcc
) -> None:
    place.spawn()
    store_at(place, 7 * 24 * 3_600_000).transact(lambda state: [Draft("x.y", "ccc", "ahead")])
    assert "ahead of this clock" in ccc_inline("note", "now", exit=1).stderr
    assert ccc_inline("status", exit=0).stderr == ""
    [fault] = ccc_inline("fsck", "--json", exit=1).json["faults"]
    assert (fault["kind"], fault["repair"].endswith("git ccc fsck --repair")) == ("future-stamp", True)
    ccc_inline("fsck", "--repair", exit=0)
    ccc_inline("note", "now", exit=0)
    texts = [event["text"] for event in ccc_inline("log", "--json", exit=0).json["events"]]
    assert texts.count("ahead") == 1


# Disks


@contextlib.contextmanager
def mounted(*arguments: str) -> Iterator[None]:
    if subprocess.run(["mount", *arguments]).returncode:
        pytest.skip("mounting needs root")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", arguments[-1]], check=True)


@pytest.mark.slow
def test_a_full_disk_is_named_and_nothing_said_to_be_recorded_is_lost(
    place: Place, ccc: RunsCcc, tmp_path: Path
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    with mounted("-t", "tmpfs", "-o", "size=4m", "tmpfs", str(small)):
        repo = copy_repository(place.repo.path, small / "repo")
        run = Program(repo.path)
        run("init", exit=0)
        run("note", "before", exit=0)
        with contextlib.suppress(OSError), (small / "filler").open("wb", buffering=0) as file:
            while file.write(b"x" * 4096) == 4096:
                continue
        refused = run("note", "too much", exit=1)
        assert "No space left on device" in refused.stderr
        assert str(repo.path / ".git") in refused.stderr
        assert "hint: free some disk space, then run the command again" in refused.stderr
        assert run("status", exit=0).stdout
        (small / "filler").unlink()
        run("note", "after", exit=0)
        notes = run("log", "--type", "note.added", exit=0).stdout
        assert [word for word in ("before", "too much", "after") if word in notes] == ["before", "after"]
        assert run("fsck", exit=0).stdout.startswith("whole: ")


@pytest.mark.slow
def test_where_nothing_can_be_written_readers_read_and_say_what_they_cannot_mend(
    place: Place, ccc: RunsCcc
) -> None:
    place.spawn()
    top = str(place.repo.path)
    with mounted("--bind", top, top):
        subprocess.run(["mount", "-o", "remount,ro,bind", top], check=True)
        assert "backend-jwt-auth" in ccc("status", exit=0).stdout
        assert "Read-only file system" in ccc("note", "x", exit=1).stderr
    place.repo.git("update-ref", "refs/ccc", "refs/ccc~1")
    with mounted("--bind", top, top):
        subprocess.run(["mount", "-o", "remount,ro,bind", top], check=True)
        refused = ccc("status", exit=1)
        assert "refs/ccc was moved to" in refused.stderr
        assert "it cannot be mended here: Read-only file system" in refused.stderr
    assert "restored to" in ccc("status", exit=0).stderr
