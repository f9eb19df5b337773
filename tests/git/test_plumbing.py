"""The backend on the git program: what libgit2 does, it does too, whatever happens to its processes."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from ccc.errors import GitFailed, StateBroken, StoreBusy
from ccc.git import plumbing
from ccc.git.command import Git
from ccc.git.libgit import LibGit
from ccc.git.objects import BLOB, COMMIT, TREE, Entry, MissingObject, build_tree, object_id
from ccc.git.plumbing import ONE_BY_ONE, Plumbing
from ccc.platform.processes import git_works_in
from tests.support.formats import converted
from tests.support.repository import Repo

REF = "refs/ccc"
BYTES = b"\r\n\0\xff no filter, no end of line"


@pytest.fixture(params=["sha1", pytest.param("sha256", marks=pytest.mark.slow)])
def place(request: pytest.FixtureRequest, repo: Repo, tmp_path: Path) -> Repo:
    """A repository in each format of objects."""
    return repo if request.param == "sha1" else converted(repo, tmp_path / "sha256", "--object-format=sha256")


@pytest.fixture
def backend(place: Repo) -> Iterator[Plumbing]:
    found = Plumbing(Git(place.common), place.common)
    yield found
    found.close()


def tip_of_new_history(backend: Plumbing, text: str, *parents: str) -> str:
    tree = backend.write(TREE, build_tree({"a": Entry("100644", backend.write(BLOB, text.encode()))}))
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
    who = "Developer <developer@example.com> 1790000000 +0000"
    return backend.write(COMMIT, "\n".join([*lines, f"author {who}", f"committer {who}", "", text]).encode())


def test_what_is_written_is_stored_byte_for_byte(place: Repo, backend: Plumbing) -> None:
    place.git("config", "core.autocrlf", "true")
    oid = backend.write(BLOB, BYTES)
    assert oid == object_id(BLOB, BYTES, algorithm=backend.algorithm)
    assert backend.read(oid) == (BLOB, BYTES)
    assert place.git("cat-file", "-s", oid) == str(len(BYTES))
    assert backend.write(BLOB, b"") == place.git("hash-object", "-t", "blob", "/dev/null")
    commit = tip_of_new_history(backend, "no newline at the end")
    assert place.git("log", "-1", "--format=%B", commit) == "no newline at the end"
    assert place.git("cat-file", "-s", commit) == str(len(backend.read(commit)[1]))
    large = os.urandom(3_000_000)
    assert backend.read(backend.write(BLOB, large)) == (BLOB, large)


def test_the_same_bytes_have_the_same_ids_as_with_libgit2(repo: Repo) -> None:
    other = LibGit(repo.common)
    backend = Plumbing(Git(repo.common), repo.common)
    commit = tip_of_new_history(backend, "equal")
    objects = repo.git("rev-list", "--objects", commit).split()
    for oid in (word for word in objects if len(word) == 40):
        kind, content = backend.read(oid)
        assert other.read(oid) == (kind, content)
        assert other.write(kind, content) == oid
    backend.close()


@pytest.mark.parametrize("count", [1, ONE_BY_ONE + 1, pytest.param(3000, marks=pytest.mark.slow)])
def test_what_is_written_together_is_seen_at_once_and_stored_at_the_end(
    place: Repo, backend: Plumbing, count: int
) -> None:
    contents = [b"%d" % number * number for number in range(count)]
    with backend.together():
        oids = [backend.write(BLOB, content) for content in contents]
        old = place.oid("HEAD:README.md")
        assert backend.read_many([oids[-1], old, oids[0]])[1] == (BLOB, b"# Example\n")
        assert all(backend.has(oid) for oid in oids)
        assert not Plumbing(Git(place.common), place.common).has(oids[-1])
    fresh = Plumbing(Git(place.common), place.common)
    assert [content for _, content in fresh.read_many(oids)] == contents
    assert not list((place.common / "objects" / "pack").glob("*.pack"))
    fresh.close()


@pytest.mark.slow
def test_what_fails_on_the_way_is_not_stored(backend: Plumbing) -> None:
    oid = object_id(BLOB, b"half", algorithm=backend.algorithm)

    def half() -> None:
        with backend.together():
            backend.write(BLOB, b"half")
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        half()
    assert not backend.has(oid)
    assert backend.write(BLOB, b"half") == oid
    assert backend.has(oid)


@pytest.mark.slow
@pytest.mark.parametrize("oid", ["1" * 40, "1" * 64, "main", "HEAD", "", "-h", "a\nb", "1" * 12])
def test_what_is_no_id_here_names_no_object(backend: Plumbing, place: Repo, oid: str) -> None:
    assert not backend.has(oid)
    with pytest.raises(MissingObject):
        backend.read(oid)
    with pytest.raises(MissingObject):
        backend.read(place.oid()[:39])
    assert backend.read(place.oid())[0] == COMMIT


@pytest.mark.slow
def test_ancestry(place: Repo, backend: Plumbing) -> None:
    assert backend.is_ancestor(place.oid("HEAD~2"), place.oid())
    assert not backend.is_ancestor(place.oid(), place.oid("HEAD~2"))
    lost = tip_of_new_history(backend, "lost", place.oid())
    tip = tip_of_new_history(backend, "tip", lost)
    (place.common / "objects" / lost[:2] / lost[2:]).unlink()
    with pytest.raises(MissingObject, match=lost):
        backend.is_ancestor(place.oid("HEAD~1"), tip)


def test_a_reference_moves_only_from_the_expected_value(place: Repo, backend: Plumbing) -> None:
    old, new = place.oid("HEAD~1"), place.oid()
    assert backend.swap(REF, None, old)
    assert not backend.swap(REF, None, new)
    assert not backend.swap(REF, new, old)
    assert backend.swap(REF, old, new)
    place.git("pack-refs", "--all", "--prune")
    assert backend.get(REF) == place.oid(REF) == new
    with pytest.raises(MissingObject):
        backend.swap(REF, new, "1" * len(new))
    assert backend.swap(REF, new, old)


@pytest.mark.slow
def test_a_reference_in_the_way_is_told_in_gits_words(place: Repo, backend: Plumbing) -> None:
    place.git("update-ref", f"{REF}/below", "HEAD")
    with pytest.raises(GitFailed, match=r"cannot be moved to .*exists"):
        backend.swap(REF, None, place.oid())


@pytest.mark.slow
def test_a_locked_reference_is_waited_for_and_then_named(
    place: Repo, backend: Plumbing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plumbing, "SWAP_ATTEMPTS", 2)
    lock = place.common / f"{REF}.lock"
    lock.touch()
    with pytest.raises(StoreBusy, match=r"refs/ccc\.lock"):
        backend.swap(REF, None, place.oid())
    lock.unlink()
    assert backend.swap(REF, None, place.oid())


def test_git_processes_that_are_killed_are_begun_anew(place: Repo, backend: Plumbing) -> None:
    before = set(_children())
    first = backend.write(BLOB, b"one")
    assert backend.swap(REF, None, place.oid("HEAD~1"))
    assert backend.has(first)
    for child in set(_children()) - before:
        os.kill(child, signal.SIGKILL)
    assert backend.read(first) == (BLOB, b"one")
    second = backend.write(BLOB, b"two")
    assert backend.swap(REF, place.oid("HEAD~1"), place.oid())
    assert backend.read_many([second, first]) == [(BLOB, b"two"), (BLOB, b"one")]


def _children() -> list[int]:
    task = Path(f"/proc/self/task/{threading.get_native_id()}/children")
    return [int(word) for word in task.read_text().split()]


def test_its_processes_end_with_it_and_hold_no_lock(place: Repo) -> None:
    before = set(_children())
    backend = Plumbing(Git(place.common), place.common)
    backend.write(BLOB, b"one")
    backend.swap(REF, None, place.oid())
    backend.has(place.oid())
    ours = set(_children()) - before
    assert len(ours) == 3
    assert not git_works_in(place.common)
    del backend
    assert not ours & set(_children())


@pytest.mark.slow
def test_a_process_that_forks_talks_to_gits_of_its_own(place: Repo, backend: Plumbing) -> None:
    backend.write(BLOB, b"before")
    child = os.fork()
    if child == 0:
        os._exit(0 if all(_round_trips(backend, f"child {number}") for number in range(50)) else 1)
    assert all(_round_trips(backend, f"parent {number}") for number in range(50))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _round_trips(backend: Plumbing, text: str) -> bool:
    return backend.read(backend.write(BLOB, text.encode())) == (BLOB, text.encode())


@pytest.mark.slow
def test_objects_packed_and_pruned_meanwhile_are_noticed(place: Repo, backend: Plumbing) -> None:
    kept = tip_of_new_history(backend, "kept")
    assert backend.swap(REF, None, kept)
    lost = backend.write(BLOB, b"nobody holds this")
    assert backend.has(lost)
    place.git("repack", "-qad")
    place.git("prune", "--expire=now")
    assert backend.read(kept)[0] == COMMIT
    assert not Plumbing(Git(place.common), place.common).has(lost)
    assert backend.write(BLOB, b"nobody holds this") == lost
    assert Plumbing(Git(place.common), place.common).read(lost)[0] == BLOB


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["libgit", "git"])
def test_writing_goes_on_while_git_prunes(repo: Repo, kind: str) -> None:
    """`git prune` takes emptied folders of objects away: 4 % of writes met that."""
    backend = LibGit(repo.common) if kind == "libgit" else Plumbing(Git(repo.common), repo.common)
    loop = subprocess.Popen(
        ["sh", "-c", "while :; do git prune --expire=now; done"], cwd=repo.path, stderr=subprocess.DEVNULL
    )
    try:
        for number in range(600):
            backend.write(BLOB, b"%d" % number)
    finally:
        loop.kill()
        loop.wait()


@pytest.mark.slow
@pytest.mark.parametrize("together", [False, True])
def test_a_full_disk_gives_no_id_of_what_is_not_stored(place: Repo, tmp_path: Path, together: bool) -> None:
    mount = tmp_path / "small"
    mount.mkdir()
    options = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(mount)]
    if os.geteuid() != 0 or subprocess.run(options, capture_output=True).returncode:
        pytest.skip("mounting a small file system needs root")
    try:
        place.git("clone", "-q", "--bare", "--template=", str(place.path), str(mount / "repo.git"))
        _fill(Repo(mount / "repo.git"), together=together)
    finally:
        subprocess.run(["umount", "-l", str(mount)], check=True)


def _fill(full: Repo, *, together: bool) -> None:
    backend = Plumbing(Git(full.path), full.path)
    (full.path / "reserve").write_bytes(bytes(50_000))
    stored: list[str] = []

    def fill() -> None:
        while True:
            contents = [os.urandom(3000) for _ in range(ONE_BY_ONE + 1)]
            with backend.together() if together else nullcontext():
                fresh = [backend.write(BLOB, content) for content in contents]
            stored.extend(fresh)

    with pytest.raises(OSError, match="No space left on device") as caught:
        fill()
    assert caught.value.errno == errno.ENOSPC
    assert len(stored) > ONE_BY_ONE
    assert all(backend.has(oid) for oid in stored)
    with pytest.raises(OSError, match="No space left on device"):
        (full.path / "last bytes").write_bytes(bytes(500_000))
    with pytest.raises(OSError, match="No space left on device"):
        backend.swap(REF, None, full.oid("refs/heads/main"))
    assert backend.get(REF) is None
    (full.path / "reserve").unlink()
    assert backend.swap(REF, None, full.oid("refs/heads/main"))
    assert backend.write(BLOB, b"room again")
    backend.close()


@pytest.mark.slow
def test_a_git_that_does_not_stay_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "no repository"
    folder.mkdir()
    backend = Plumbing(Git(folder), folder)
    with pytest.raises((GitFailed, StateBroken)):
        backend.write(BLOB, b"x")
    backend.close()
