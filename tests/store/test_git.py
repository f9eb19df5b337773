"""Objects and references as both readers of git see them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ccc.errors import StateBroken, StoreBusy
from ccc.git import libgit
from ccc.git.catfile import CatFile
from ccc.git.command import Git
from ccc.git.libgit import LibGit
from ccc.git.objects import BLOB, COMMIT, MissingObject, ObjectReader
from ccc.git.plumbing import Plumbing
from tests.support.repository import Repo

Access = LibGit | CatFile


@pytest.fixture(params=["libgit", "catfile"])
def access(request: pytest.FixtureRequest, common: Path) -> Access:
    return LibGit(common) if request.param == "libgit" else CatFile(Git(common), common)


def test_objects_are_read_with_their_kind(repo: Repo, access: Access) -> None:
    kind, content = access.read(repo.oid())
    assert kind == COMMIT
    assert content.startswith(b"tree ")
    assert access.read(repo.oid("HEAD:README.md")) == (BLOB, b"# Example\n")


def test_many_objects_come_in_order(repo: Repo, access: Access) -> None:
    oids = [line.split()[0] for line in repo.git("rev-list", "--objects", "HEAD").splitlines()]
    found = access.read_many(oids + oids)
    assert found == [access.read(oid) for oid in oids + oids]


def test_a_large_request_does_not_deadlock(repo: Repo, access: Access) -> None:
    repo.write("large.bin", "x" * 200_000)
    oid = repo.git("hash-object", "-w", "large.bin")
    assert sum(len(content) for _, content in access.read_many([oid] * 500)) == 500 * 200_000
    small = repo.oid("HEAD:README.md")
    assert len(access.read_many([small] * 30_000)) == 30_000


def test_a_missing_object_is_named(access: ObjectReader, repo: Repo) -> None:
    with pytest.raises(MissingObject, match="1" * 40):
        access.read_many([repo.oid(), "1" * 40])
    assert not access.has("1" * 40)
    assert access.has(repo.oid())
    assert access.read(repo.oid())[0] == COMMIT


def test_a_damaged_object_is_not_called_missing(repo: Repo, common: Path, access: ObjectReader) -> None:
    oid = repo.oid("HEAD:README.md")
    path = common / "objects" / oid[:2] / oid[2:]
    path.chmod(0o644)
    path.write_bytes(b"damaged")
    with pytest.raises(StateBroken) as caught:
        access.read(oid)
    assert not isinstance(caught.value, MissingObject)


def test_references_loose_packed_symbolic_and_absent(repo: Repo, access: Access) -> None:
    head = repo.oid()
    repo.git("update-ref", "refs/ccc", head)
    assert access.get("refs/ccc") == head
    repo.git("pack-refs", "--all")
    repo.git("update-ref", "refs/heads/other", "HEAD~1")
    assert access.get("refs/ccc") == head
    assert access.get("refs/heads/other") == repo.oid("HEAD~1")
    repo.git("symbolic-ref", "refs/alias", "refs/ccc")
    assert access.get("refs/alias") == head
    assert access.get("refs/cc") is None
    assert access.get("refs/heads") is None


def test_an_unreadable_reference_is_not_called_absent(common: Path, access: Access) -> None:
    (common / "refs" / "ccc").write_text("garbage\n")
    with pytest.raises(StateBroken):
        access.get("refs/ccc")


def test_variables_of_a_hook_are_not_followed(
    repo: Repo, common: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(tmp_path / "elsewhere"))
    oid = (common / "refs/heads/main").read_text().strip()
    for access in (LibGit(common), CatFile(Git(common), common)):
        assert access.read(oid)[0] == COMMIT


def test_cat_file_ends_with_its_reader(repo: Repo, common: Path) -> None:
    with CatFile(Git(common), common) as objects:
        objects.read(repo.oid())
        process = objects._objects.process
    assert isinstance(process, subprocess.Popen)
    assert process.poll() is not None
    assert objects.read(repo.oid())[0] == COMMIT
    objects.close()


def test_swap_moves_only_from_the_expected_value(repo: Repo, common: Path) -> None:
    git, old, new = LibGit(common), repo.oid("HEAD~1"), repo.oid()
    assert git.swap("refs/ccc", None, old)
    assert not git.swap("refs/ccc", None, new)
    assert not git.swap("refs/ccc", new, old)
    assert git.swap("refs/ccc", old, new)
    assert repo.oid("refs/ccc") == new


def test_swap_to_an_object_that_is_not_stored_is_refused(repo: Repo, common: Path) -> None:
    git = LibGit(common)
    for old in (None, repo.oid()):
        with pytest.raises(MissingObject):
            git.swap("refs/ccc" if old is None else "refs/heads/main", old, "1" * 40)
    assert git.get("refs/ccc") is None


def test_a_locked_reference_is_waited_for_and_then_named(
    repo: Repo, common: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libgit, "LOCK_DELAY", 0.001)
    lock = common / "refs" / "ccc.lock"
    lock.touch()
    with pytest.raises(StoreBusy, match=r"refs/ccc\.lock"):
        LibGit(common).swap("refs/ccc", None, repo.oid())
    lock.unlink()
    assert LibGit(common).swap("refs/ccc", None, repo.oid())


def test_ancestry(repo: Repo, common: Path) -> None:
    git = LibGit(common)
    assert git.is_ancestor(repo.oid("HEAD~2"), repo.oid())
    assert git.is_ancestor(repo.oid(), repo.oid())
    assert not git.is_ancestor(repo.oid(), repo.oid("HEAD~2"))


@pytest.mark.parametrize("kind", [LibGit, Plumbing])
def test_a_commit_missing_on_the_way_to_an_ancestor_is_named_as_missing(
    repo: Repo, common: Path, kind: type[LibGit | Plumbing]
) -> None:
    """So that it is made again: libgit2 says only in words what it did not find."""
    backend = LibGit(common) if kind is LibGit else Plumbing(Git(common), common)
    oids = [repo.git("commit-tree", "HEAD^{tree}", "-m", "first")]
    for message in ("second", "third"):
        oids.append(repo.git("commit-tree", "HEAD^{tree}", "-p", oids[-1], "-m", message))
    (common / "objects" / oids[1][:2] / oids[1][2:]).unlink()
    with pytest.raises(MissingObject, match=oids[1]):
        backend.is_ancestor(oids[0], oids[2])
