"""Kinds of repositories that share: shallow, partial, the remote itself, copies, restored ones."""

from __future__ import annotations

import os
import shutil
import time
from functools import partial
from pathlib import Path

import pytest

from ccc.domain import stamps
from ccc.domain.events import Draft
from ccc.git.libgit import LibGit
from ccc.ops.workspace import Workspace
from ccc.store.gitstore import GitStore
from ccc.store.protocol import State
from tests.support.program import Inline
from tests.support.repository import Repo
from tests.support.settling import still
from tests.sync.conftest import Clone, Clones

pytestmark = pytest.mark.slow
WHO = {f"GIT_{role}_{part}": "ccc" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
NOW = time.time_ns() // 1_000_000


def copied(of: Clone, name: str) -> Clone:
    path = of.repo.path.with_name(name)
    with still(of.repo):
        shutil.copytree(of.repo.path, path, symlinks=True)
    return Clone(Repo(path), Inline(path))


@pytest.mark.parametrize("how", [("--depth", "1"), ("--filter=blob:none",), ("--filter=tree:0",)])
def test_shallow_and_partial_clones_share_like_any_other(
    hub: Repo, sharing: Clones, how: tuple[str, ...]
) -> None:
    hub.git("config", "uploadpack.allowFilter", "true")
    hub.git("config", "uploadpack.allowAnySHA1InWant", "true")
    one, two = sharing("one"), sharing("two", *how)
    name = one("spawn", "backend", "Add login", "--no-start", "--json").json["sessions"][0]["name"]
    one("sync")
    two.note("from the other kind")
    two("sync")
    one("sync")
    assert one.tip == two.tip
    assert one.notes() == {"from the other kind"}
    assert two("show", name, "--brief").stdout == one("show", name, "--brief").stdout
    two("fsck")


def test_a_partial_clone_refuses_the_line_that_would_bring_half(hub: Repo, clone: Clones) -> None:
    hub.git("config", "uploadpack.allowFilter", "true")
    two = clone("two", "--filter=blob:none")
    two("init")
    assert "partial clone" in two("sync", "origin", "--enable", "--yes", "--with-fetch", exit=1).stderr


def test_a_remote_that_has_state_of_its_own_keeps_it_apart_until_it_shares(
    repo: Repo, sharing: Clones
) -> None:
    host = Clone(repo, Inline(repo.path))
    host("init")
    host.note("at the host")
    before = host.tip
    one, two = (sharing(name, url=f"file://{repo.path}") for name in ("one", "two"))
    one.note("from one")
    one("sync")
    two("sync")
    assert host.tip == before
    assert two.notes() == {"from one"}
    host("sync", ".", "--enable", "--yes")
    two("sync")
    one("sync")
    assert host.tip == one.tip == two.tip
    assert host.notes() == {"from one", "at the host"}
    assert host("sync", "--status", "--json").json["waiting"]["commits"] == 0


def test_a_copy_takes_a_name_of_its_own_and_nothing_is_lost(hub: Repo, sharing: Clones) -> None:
    one = sharing("one")
    name = one("spawn", "backend", "Add login", "--no-start", "--json").json["sessions"][0]["name"]
    one("sync")
    two = copied(one, "two")
    one.note("at the first")
    two.note("at the copy")
    doctor = two("doctor", "--json", exit=None).json
    assert any("copy of" in each["what"] for each in doctor["checks"] if each["name"] == "copy")
    assert "this is a copy of" in two("sync").stdout
    assert one.replica != two.replica
    assert two.repo.git("config", "ccc.replica") == two.replica
    one("sync")
    two("sync")
    assert one.tip == two.tip
    assert one.notes() == {"at the first", "at the copy"}
    assert two("status", name, "--json").json["sessions"][0]["status"] == "unknown"
    assert one("status", name, "--json").json["sessions"][0]["status"] == "created"
    assert "copy" not in two("sync").stdout


def test_a_moved_repository_keeps_its_name(sharing: Clones) -> None:
    one = sharing("one")
    one.note("before")
    path = one.repo.path.with_name("elsewhere")
    one.repo.path.rename(path)
    moved = Clone(Repo(path), Inline(path))
    before = moved.replica
    moved("init")
    moved("sync")
    assert moved.replica == before


def test_a_restored_backup_gets_back_what_it_shared(sharing: Clones) -> None:
    one = sharing("one")
    one.note("before the backup")
    one("sync")
    kept = copied(one, "backup")
    one.note("after the backup")
    one("sync")
    name, tip = one.replica, one.tip
    shutil.rmtree(one.repo.path)
    kept.repo.path.rename(one.repo.path)
    one.note("after it was restored")
    one("sync")
    assert one.replica == name
    assert one.notes() == {"before the backup", "after the backup", "after it was restored"}
    assert one.repo.git("merge-base", "--is-ancestor", tip, "refs/ccc") == ""


def test_two_replicas_with_one_lane_and_one_clock_converge(sharing: Clones) -> None:
    one, two = sharing("one"), sharing("two")
    one("sync")
    two("sync")
    for each in (one, two):
        said = Draft("note.added", "ccc", f"said by {each.replica}", {"notes/same": {"text": each.replica}})
        _store(each.repo.path).transact(partial(_always, (said,)))
    for each in (one, two, one):
        each("sync")
    assert one.tip == two.tip
    texts = [
        one.repo.git("log", "--format=%s", "refs/ccc").count(f"said by {each.replica}") for each in (one, two)
    ]
    assert texts == [1, 1]


def test_a_history_from_the_future_is_shown_and_not_merged(sharing: Clones) -> None:
    one, two = sharing("one"), sharing("two")
    ahead = 50 * 3_600_000
    _store(two.repo.path, ahead).transact(lambda state: (Draft("note.added", "ccc", "noted too early"),))
    two("sync")
    words = one("sync").stdout
    assert f"origin/{two.replica}.0 is left out: its last event is stamped" in words
    assert "h ahead of this clock" in words
    assert one.notes() == set()
    assert len(one("sync", "--status", "--json").json["left_out"]) == 1


def _always(drafts: tuple[Draft, ...], state: State) -> tuple[Draft, ...]:
    del state
    return drafts


@pytest.mark.parametrize("what", ["refs/heads/main", "refs/heads/main^{tree}", "foreign"])
def test_what_is_no_history_of_ccc_stops_nobody(hub: Repo, sharing: Clones, clone: Clones, what: str) -> None:
    one, two = sharing("one"), sharing("two")
    if what == "foreign":
        tree = hub.git("mktree", stdin="")
        what = hub.git("commit-tree", tree, "-m", f"x\n\nCcc-Clock: {stamps.GENESIS}", **WHO)
    hub.git("update-ref", f"refs/ccc-sync/{'0' * 16}.0", what)
    one.note("goes on")
    for each in (one, two, one):
        each("sync")
    assert one.tip == two.tip
    assert two.notes() == {"goes on"}
    for arguments in (("status",), ("sync", "--status"), ("doctor",), ("drain",)):
        two(*arguments)
    fresh = clone("fresh")
    fresh("init")
    assert fresh.notes() == {"goes on"}


def _store(path: Path, ahead_ms: int = 0) -> GitStore:
    workspace = Workspace.open(path, os.environ)
    return GitStore(
        workspace.layout,
        workspace.git,
        objects=LibGit(workspace.repository.common),
        identity=lambda: "Developer <developer@example.com>",
        observe=lambda state, entries: (),
        lane="same",
        now=lambda: NOW + ahead_ms,
    )


def test_repositories_whose_objects_are_named_by_sha_256_share_too(tmp_path: Path, clone: Clones) -> None:
    Repo(tmp_path).git("init", "-q", "--object-format=sha256", "first")
    first = Repo(tmp_path / "first")
    first.commit("Begin", {"README.md": "# Example\n"})
    Repo(tmp_path).git("clone", "-q", "--bare", "first", "other.git")
    one, two = (clone(name, url=f"file://{tmp_path / 'other.git'}") for name in ("one", "two"))
    one("init")
    one("sync", "origin", "--enable", "--yes")
    name = one("spawn", "backend", "Add login", "--no-start", "--json").json["sessions"][0]["name"]
    one("sync")
    two("sync", "origin", "--enable", "--yes")
    assert len(two.tip) == 64
    assert one.tip == two.tip
    assert two("show", name, "--json").json["provisional"] is False
    one("sync", "--take", "orchestrator")
    two("sync", "--take", "orchestrator", exit=4)
