"""Remotes that hold strange things, were renamed or removed, and disks without room for what they send."""

from __future__ import annotations

import errno
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccc.git.libgit import LibGit
from ccc.git.objects import BLOB
from tests.support.repository import Repo
from tests.sync.conftest import Clones

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", ["commit", "blob"])
def test_something_else_in_the_place_of_a_lease_is_named_with_the_command_that_removes_it(
    hub: Repo, sharing: Clones, kind: str
) -> None:
    one = sharing("one")
    strange = hub.oid("main") if kind == "commit" else hub.git("rev-parse", "main:README.md")
    hub.git("update-ref", "refs/ccc-lease/land-main", strange)
    one("sync")
    words = f"refs/ccc-lease/land-main was not made by ccc, it is at {strange}"
    removal = "git push origin --delete refs/ccc-lease/land-main"
    assert f"{words}: {removal}" in one("sync", "--status").stdout
    document = one("sync", "--status", "--json").json
    assert (document["leases"], document["left_out"]) == ([], [f"{words}: {removal}"])
    for how in ("--take", "--release"):
        refused = one("sync", how, "land-main", exit=1).stderr
        assert refused == f"error: {words}\nhint: {removal}\n"
    one.repo.git(*removal.split()[1:])
    assert one("sync", "--take", "land-main", "--json").json["lease"]["epoch"] == 1


def test_a_remote_that_was_removed_is_said_by_status_and_doctor(sharing: Clones) -> None:
    one = sharing("one")
    one.repo.git("remote", "remove", "origin")
    assert "there is no remote origin any more" in one("sync", exit=1).stderr
    assert "there is no remote origin any more (failed)" in one("sync", "--status").stdout
    assert "there is no remote origin any more" in one("doctor", exit=1).stdout


def test_the_line_for_plain_fetches_goes_also_after_the_remote_was_renamed(clone: Clones) -> None:
    one = clone("one")
    one("init")
    one.repo.git("config", "--add", "remote.origin.fetch", "+refs/notes/*:refs/notes/*")
    one("sync", "origin", "--enable", "--yes", "--with-fetch")
    one.repo.git("remote", "rename", "origin", "hub")
    one("sync", "--disable")
    lines = one.repo.git("config", "--get-all", "remote.hub.fetch").split("\n")
    assert lines == ["+refs/heads/*:refs/remotes/hub/*", "+refs/notes/*:refs/notes/*"]


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """A bare repository on a disk without a free page."""
    folder = tmp_path / "full"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]).returncode:
        pytest.skip("mounting a small file system needs root")
    try:
        subprocess.run(["git", "init", "-q", "--bare", "--template=", str(folder / "r.git")], check=True)
        subprocess.run(["dd", "if=/dev/zero", f"of={folder}/rest"], stderr=subprocess.DEVNULL)
        yield folder / "r.git"
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_what_a_merge_cannot_store_on_a_full_disk_is_an_error_of_the_system(full: Path) -> None:
    with pytest.raises(OSError, match="No space left") as caught:
        LibGit(full).write(BLOB, b"x" * 9000)
    assert caught.value.errno == errno.ENOSPC
