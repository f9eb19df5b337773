"""What is remembered of resolved conflicts: proposed for the same one, never for another, in nobody's way."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccc.git import memory, mergetree
from ccc.git.command import Git
from ccc.git.mergetree import ConflictFile
from tests.support.repository import Repo

TEXT = "".join(f"{number}\n" for number in range(1, 12))


@pytest.fixture
def sides(repo: Repo) -> tuple[str, str]:
    """Two commits that change the same line."""
    repo.commit("Base", {"f": TEXT, "bin": "a\0b", "gone": "1\n"})
    repo.git("branch", "other")
    ours = repo.commit("Ours", {"f": TEXT.replace("5", "ours"), "bin": "c\0d", "gone": "2\n"})
    repo.git("checkout", "-q", "other")
    (repo.path / "gone").unlink()
    theirs = repo.commit("Theirs", {"f": TEXT.replace("5", "theirs"), "bin": "e\0f"})
    repo.git("checkout", "-q", "main")
    return ours, theirs


def conflicts(repo: Repo, ours: str, theirs: str) -> tuple[ConflictFile, ...]:
    return mergetree.merge(Git(repo.common, {"GIT_DIR": str(repo.common)}), ours, theirs).conflicts


def test_a_resolution_is_proposed_for_the_same_conflict_from_either_side(
    repo: Repo, sides: tuple[str, str], tmp_path: Path
) -> None:
    git, place = Git(repo.common, {"GIT_DIR": str(repo.common)}), tmp_path / "memory"
    files = conflicts(repo, *sides)
    assert memory.proposals(repo.common, git, files, place) == []
    resolved = TEXT.replace("5", "both").encode()
    source = {"session": "backend-x", "by": "the lead"}
    told = {"f": resolved, "bin": b"x\0y", "gone": b"3\n"}
    assert memory.learn(repo.common, git, files, told, place, source) == ["f"]
    for one, other in (sides, tuple(reversed(sides))):
        (found,) = memory.proposals(repo.common, git, conflicts(repo, one, other), place)
        assert (found.path, found.content, found.source) == ("f", resolved, source)


def test_another_conflict_at_the_same_place_has_no_proposal(
    repo: Repo, sides: tuple[str, str], tmp_path: Path
) -> None:
    git, place = Git(repo.common, {"GIT_DIR": str(repo.common)}), tmp_path / "memory"
    memory.learn(repo.common, git, conflicts(repo, *sides), {"f": b"whole\n"}, place, {})
    other = repo.commit("Elsewhere", {"f": TEXT.replace("5", "third")})
    assert memory.proposals(repo.common, git, conflicts(repo, other, sides[1]), place) == []


def test_the_newest_resolution_counts_and_one_with_markers_is_none(
    repo: Repo, sides: tuple[str, str], tmp_path: Path
) -> None:
    git, place, files = (
        Git(repo.common, {"GIT_DIR": str(repo.common)}),
        tmp_path / "memory",
        conflicts(repo, *sides),
    )
    for text in ("first", "second"):
        told = {"f": TEXT.replace("5", text).encode()}
        memory.learn(repo.common, git, files, told, place, {"session": text})
    unresolved = b"<<<<<<< a\n1\n=======\n2\n>>>>>>> b\n"
    assert memory.learn(repo.common, git, files, {"f": unresolved}, place, {"session": "none"}) == []
    (found,) = memory.proposals(repo.common, git, files, place)
    assert (found.content, found.source) == (TEXT.replace("5", "second").encode(), {"session": "second"})


def test_nobodys_own_rerere_is_switched_on_and_what_it_knows_is_proposed(
    repo: Repo, sides: tuple[str, str], tmp_path: Path
) -> None:
    git, place, files = (
        Git(repo.common, {"GIT_DIR": str(repo.common)}),
        tmp_path / "memory",
        conflicts(repo, *sides),
    )
    before = set(repo.git("cat-file", "--batch-all-objects", "--batch-check").splitlines())
    memory.learn(repo.common, git, files, {"f": b"whole\n"}, place, {})
    memory.proposals(repo.common, git, files, place)
    assert not (repo.common / "rr-cache").exists()
    assert set(repo.git("cat-file", "--batch-all-objects", "--batch-check").splitlines()) == before
    place.rename(repo.common / "rr-cache")
    (found,) = memory.proposals(repo.common, git, files, place)
    assert (found.content, dict(found.source)) == (b"whole\n", {})
