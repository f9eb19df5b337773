"""A few files of a checkout moved from one commit to another, beside `git read-tree -m -u`."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ccc.git.bringing import FEW, Few, begin_few, few
from ccc.git.catfile import CatFile
from ccc.git.command import Git
from ccc.git.differing import differing
from tests.support.repository import Repo

ALIKE = ("kept", "changed", "gone/deep/file", "tool", "caf\udce9", "turns", "was")


@dataclass
class Place:
    """A checkout of `old`, and `new`, which it is to be moved to."""

    repo: Repo
    old: str
    new: str

    def begin(self, *, is_clean: bool = False) -> Few | None:
        objects = CatFile(Git(self.repo.path), self.repo.common)
        try:
            trees = (self.repo.oid(f"{self.old}^{{tree}}"), self.repo.oid(f"{self.new}^{{tree}}"))
            paths = few(objects, *trees)
        finally:
            objects.close()
        return begin_few(Git(self.repo.path), self.repo.common / "index", paths, is_clean=is_clean)

    def move(self) -> bool:
        found = self.begin()
        begun = None if found is None else found.begin(self.new)
        return begun is not None and begun.result().code == 0

    def shown(self) -> list[str]:
        return self.repo.git("status", "--porcelain").splitlines()


@pytest.fixture
def place(repo: Repo) -> Place:
    """Files added, changed, deleted with their folders, made executable, a link, a name that is not UTF-8."""
    old = repo.commit("Old", {path: f"{path!a}\n" for path in ALIKE})
    repo.write("changed", "other\n")
    repo.write("made/deep/file", "new\n")
    repo.write("caf\udce9", "other\n")
    (repo.path / "tool").chmod(0o755)
    (repo.path / "turns").unlink()
    (repo.path / "turns").symlink_to("kept")
    repo.git("rm", "-q", "gone/deep/file")
    new = repo.commit("New")
    repo.git("reset", "-q", "--hard", old)
    return Place(repo, old, new)


def test_what_differs_is_what_git_says(place: Place) -> None:
    repo = place.repo
    (repo.path / "was").unlink()
    repo.write("was/a/folder", "now\n")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{place.old},sub")
    newest = repo.commit("Folder for file, submodule")
    objects = CatFile(Git(repo.path), repo.common)
    for one, other in [(place.old, place.new), (place.old, newest), (newest, place.new)]:
        trees = (repo.oid(f"{one}^{{tree}}"), repo.oid(f"{other}^{{tree}}"))
        raw = Git(repo.path).lines("diff-tree", "-r", "--no-renames", "--raw", "-z", *trees)
        said = sorted((path, row[1:].split(" ")[:4]) for row, path in zip(raw[::2], raw[1::2], strict=True))
        none = ("000000", "0" * 40)
        found = differing(objects, *trees, most=FEW)
        assert found is not None
        sides = [[(each.mode, each.oid) if each else none for each in (one.old, one.new)] for one in found]
        rows = [[old[0], new[0], old[1], new[1]] for old, new in sides]
        assert sorted(zip((each.path for each in found), rows, strict=True)) == said
        assert differing(objects, *trees, most=len(said) - 1) is None
    objects.close()


def test_a_checkout_is_as_git_would_have_left_it(place: Place) -> None:
    assert place.move()
    place.repo.git("update-ref", "refs/heads/main", place.new)
    assert place.shown() == []
    assert not (place.repo.path / "gone").exists()
    assert (place.repo.path / "made/deep/file").read_text() == "new\n"
    assert os.access(place.repo.path / "tool", os.X_OK)
    assert (place.repo.path / "turns").is_symlink()


def test_other_changes_stay_as_they_are(place: Place) -> None:
    place.repo.write("kept", "mine\n")
    place.repo.write("was", "staged\n")
    place.repo.write("untracked", "mine\n")
    place.repo.git("add", "was")
    assert place.move()
    place.repo.git("update-ref", "refs/heads/main", place.new)
    assert place.shown() == [" M kept", "M  was", "?? untracked"]


def _link(repo: Repo) -> Path:
    link = repo.path / "link"
    link.symlink_to("kept")
    return link


def _stage_in_the_way(repo: Repo) -> Repo:
    """A file in the index alone, where a new one goes."""
    file = repo.write("made/deep/file", "mine\n")
    repo.git("add", "made")
    file.unlink()
    return repo


Meddling = Callable[[Repo], object]
MEDDLING: dict[str, Meddling] = {
    "changed": lambda repo: repo.write("changed", "mine\n"),
    "deleted": lambda repo: (repo.path / "changed").unlink(),
    "made executable": lambda repo: (repo.path / "changed").chmod(0o755),
    "a link now": lambda repo: _link(repo).replace(repo.path / "tool"),
    "staged and put back": lambda repo: (
        repo.write("changed", "mine\n"),
        repo.git("add", "changed"),
        repo.write("changed", "'changed'\n"),
    ),
    "taken out of the index": lambda repo: repo.git("rm", "-q", "--cached", "changed"),
    "assumed unchanged": lambda repo: repo.git("update-index", "--assume-unchanged", "changed"),
    "left out": lambda repo: repo.git("update-index", "--skip-worktree", "changed"),
    "a file in the way": lambda repo: repo.write("made/deep/file", "mine\n"),
    "a file for the folder": lambda repo: repo.write("made", "mine\n"),
    "a link for the folder": lambda repo: (repo.path / "made").symlink_to("gone"),
    "staged in the way": _stage_in_the_way,
    "staged in the way, elsewhere": lambda repo: _stage_in_the_way(repo).git("update-index", "--split-index"),
    "sparse": lambda repo: repo.git("sparse-checkout", "set", "--no-cone", "*"),
    "in a merge": lambda repo: (repo.common / "MERGE_HEAD").write_text(f"{repo.oid()}\n"),
}


@pytest.mark.parametrize("meddling", MEDDLING.values(), ids=MEDDLING.keys())
def test_what_somebody_has_touched_is_left_to_git(place: Place, meddling: Meddling) -> None:
    meddling(place.repo)
    before = place.shown(), _files(place.repo.path)
    assert not place.move()
    assert (place.shown(), _files(place.repo.path)) == before


@pytest.mark.parametrize("meddling", ["changed", "a file in the way", "taken out of the index"])
def test_what_is_touched_after_git_looked_is_left_to_git(place: Place, meddling: str) -> None:
    found = place.begin(is_clean=True)
    assert found is not None
    assert found.is_plain
    MEDDLING[meddling](place.repo)
    before = _files(place.repo.path)
    assert found.begin(place.new) is None
    assert _files(place.repo.path) == before


@pytest.mark.parametrize("path", [".gitattributes", "deep/.gitattributes", ".gitmodules"])
def test_files_by_which_git_reads_others_are_left_to_git(place: Place, path: str) -> None:
    place.repo.git("reset", "-q", "--hard", place.new)
    new = place.repo.commit("Decides", {path: ""})
    place.repo.git("reset", "-q", "--hard", place.old)
    assert Place(place.repo, place.old, new).begin() is None


def test_many_files_are_left_to_git(place: Place) -> None:
    new = place.repo.commit("Many", {f"many/{number}": "" for number in range(FEW + 1)})
    place.repo.git("reset", "-q", "--hard", place.old)
    assert Place(place.repo, place.old, new).begin() is None


def _files(top: Path) -> dict[str, str]:
    """Every file with what is in it, and every link with its goal; `.git` left out."""
    inside = (path for path in top.rglob("*") if ".git" not in path.parts)
    return {
        str(path): str(path.readlink()) if path.is_symlink() else path.read_text(errors="surrogateescape")
        for path in inside
        if path.is_symlink() or path.is_file()
    }
