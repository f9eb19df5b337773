"""What is found in the bytes of an index, beside what `git ls-files` reads there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ccc.git.indexed import has_just
from ccc.git.objects import Entry
from tests.support.formats import converted
from tests.support.repository import Repo

NAMES = ("a", "a b/c", "a-b", "a.txt", "b/a", "b/a.txt", "b/caf\udce9", "c" * 200 + "/" + "d" * 200, "turns")
ABSENT = ("0", "b/a.tx", "txt", "a.txt/below", "b/a/below", "c" * 200 + "/d", "d" * 200, "z")


@pytest.fixture(params=["sha1", pytest.param("sha256", marks=pytest.mark.slow)])
def place(request: pytest.FixtureRequest, repo: Repo, tmp_path: Path) -> Repo:
    found = repo if request.param == "sha1" else converted(repo, tmp_path / "other", "--object-format=sha256")
    for name in NAMES:
        found.write(name, f"{name!a}\n")
    (found.path / "a-b").chmod(0o755)
    (found.path / "turns").unlink()
    (found.path / "turns").symlink_to("a")
    found.git("add", "--all")
    return found


def _entries(repo: Repo) -> dict[str, Entry]:
    rows = [row.split("\t") for row in repo.git("ls-files", "--stage", "-z").split("\0") if row]
    return {path: Entry(*about.split(" ")[:2]) for about, path in rows}


def _has(repo: Repo, path: str, entry: Entry | None) -> bool:
    return has_just(repo.common / "index", {path: entry})


def test_each_file_is_found_and_no_other(place: Repo) -> None:
    entries = _entries(place)
    assert entries.keys() >= set(NAMES)
    other = Entry("100644", place.git("hash-object", "-w", "--stdin", stdin="other\n"))
    for path, entry in entries.items():
        assert _has(place, path, entry)
        assert not _has(place, path, None)
        assert not _has(place, path, other)
        assert not _has(place, path, Entry("100755" if entry.mode == "100644" else "100644", entry.oid))
    for path in ABSENT:
        assert _has(place, path, None)
        assert not _has(place, path, entries["a"])
    index = place.common / "index"
    assert has_just(index, {**entries, **dict.fromkeys(ABSENT)})
    assert not has_just(index, {**entries, **dict.fromkeys(ABSENT), "b": None})


def test_a_folder_is_not_nothing(place: Repo) -> None:
    for path in ("b", "a b", "c" * 200):
        assert not _has(place, path, None)


Meddling = Callable[[Repo], object]
MEDDLING: dict[str, Meddling] = {
    "assumed unchanged": lambda repo: repo.git("update-index", "--assume-unchanged", "b/a"),
    "left out": lambda repo: repo.git("update-index", "--skip-worktree", "b/a"),
    "split": lambda repo: repo.git("update-index", "--split-index"),
    "shortened names": lambda repo: repo.git("update-index", "--index-version=4"),
    "taken out": lambda repo: repo.git("rm", "-q", "--cached", "b/a"),
}


@pytest.mark.parametrize("meddling", MEDDLING.values(), ids=MEDDLING.keys())
def test_what_is_not_plain_is_for_git(place: Repo, meddling: Meddling) -> None:
    entries = _entries(place)
    assert _has(place, "b/a", entries["b/a"])
    meddling(place)
    assert not _has(place, "b/a", entries["b/a"])


@pytest.mark.parametrize("how", ["split", "shortened names", "left out"])
def test_of_an_index_that_may_show_less_nothing_is_said_to_be_absent(place: Repo, how: str) -> None:
    assert _has(place, "z", None)
    MEDDLING[how](place)
    assert not _has(place, "z", None)


def test_a_file_that_is_only_intended_is_for_git(place: Repo) -> None:
    place.write("b/intended", "x\n")
    place.git("add", "--intent-to-add", "b/intended")
    assert not _has(place, "b/intended", None)
    assert not _has(place, "b/intended", _entries(place)["b/intended"])


@pytest.mark.parametrize("path", ["b/a", "b/a/below"])
def test_a_conflict_is_for_git(place: Repo, path: str) -> None:
    entry = _entries(place)["b/a"]
    rows = "".join(f"{entry.mode} {entry.oid} {stage}\t{path}\n" for stage in (2, 3))
    place.git("update-index", "--index-info", stdin=f"0 {'0' * len(entry.oid)} 0\t{path}\n{rows}")
    if path != "b/a":
        place.git("update-index", "--index-info", stdin=f"{entry.mode} {entry.oid} 0\tb/a\n")
    assert path in place.git("ls-files", "--unmerged").split("\t")[1]
    assert "b/a" in place.git("ls-files").splitlines()
    assert not _has(place, "b/a", entry)


def test_a_long_name_is_for_git_unless_absent(place: Repo) -> None:
    entry = _entries(place)["a"]
    for length in (4094, 4095, 5000):
        name = "/".join(["n" * 200] * 30)[:length]
        assert _has(place, name, None)
        place.git("update-index", "--index-info", stdin=f"{entry.mode} {entry.oid} 0\t{name}\n")
        assert _has(place, name, entry) == (length < 4095)
        assert not _has(place, name, None)
        place.git("update-index", "--force-remove", name)


def test_without_an_index_it_is_an_error(place: Repo) -> None:
    (place.common / "index").unlink()
    with pytest.raises(FileNotFoundError):
        _has(place, "a", None)
