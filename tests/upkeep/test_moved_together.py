"""A repository moved together with its worktrees: joined again, and nothing in them is lost."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.program import RunsCcc
from tests.support.repository import Repo
from tests.upkeep.conftest import Place


@pytest.fixture
def moved(place: Place, tmp_path: Path) -> Path:
    """The new place of a repository with one session, in whose worktree a file is not committed."""
    session = place.spawn()
    (place.tree(session).path / "precious.txt").write_text("mine\n")
    new = tmp_path / "new"
    new.mkdir()
    for name in ("repo", "repo.ccc"):
        (tmp_path / name).rename(new / name)
    return new / "repo"


def test_doctor_joins_what_was_moved_together_and_is_named_before_close(
    moved: Path, ccc_inline: RunsCcc
) -> None:
    [item] = ccc_inline("inbox", "--json", cwd=moved, exit=0).json["items"]
    there = moved.with_name("repo.ccc") / "backend-jwt-auth"
    words = f"the worktree of backend-jwt-auth was moved to {there}"
    assert (item["command"], item["text"]) == ("git ccc doctor --fix", words)
    refused = ccc_inline("start", "backend-jwt-auth", cwd=moved, exit=1).stderr
    assert "hint: git ccc doctor --fix" in refused
    assert f"joined {there} and the repository" in ccc_inline("doctor", "--fix", cwd=moved).stderr
    [session] = ccc_inline("status", "--json", cwd=moved, exit=0).json["sessions"]
    assert session["worktree"] == str(there)
    assert "?? precious.txt" in Repo(there).git("status", "--porcelain")


@pytest.mark.slow
def test_closing_after_the_move_backs_up_what_was_not_committed(moved: Path, ccc: RunsCcc) -> None:
    closed = ccc("close", "backend-jwt-auth", "--json", cwd=moved, exit=0).json
    assert Repo(moved).git("show", f"{closed['backup']}:precious.txt") == "mine"
    assert not moved.with_name("repo.ccc").exists()


@pytest.mark.slow
def test_a_worktree_moved_by_hand_alone_is_joined_too(place: Place, ccc: RunsCcc, tmp_path: Path) -> None:
    session = place.spawn()
    place.tree(session).path.rename(tmp_path / "elsewhere")
    ccc("doctor", "--fix")
    assert ccc("status", "--json", exit=0).json["sessions"][0]["worktree"] == str(tmp_path / "elsewhere")


@pytest.mark.slow
def test_a_copy_of_everything_does_not_take_the_worktrees_of_the_first(
    place: Place, ccc: RunsCcc, tmp_path: Path
) -> None:
    session = place.spawn()
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("repo", "repo.ccc"):
        shutil.copytree(tmp_path / name, copy / name, symlinks=True)
    ccc("doctor", "--fix", cwd=copy / "repo")
    assert place.tree(session).git("status", "--porcelain") == ""
    assert ccc("status", "--json", exit=0).json["sessions"][0]["worktree"] == session.worktree


@pytest.mark.slow
def test_a_worktree_moved_by_git_is_found_by_whoever_looks(
    place: Place, ccc_inline: RunsCcc, tmp_path: Path
) -> None:
    one, two = place.spawn("One"), place.spawn("Two")
    there = tmp_path / "elsewhere"
    place.repo.git("worktree", "move", str(one.worktree), str(there))
    (there / "README.md").write_text("# Mine\n")
    (place.tree(two).path / "README.md").write_text("# Theirs\n")
    [session] = [
        each for each in ccc_inline("status", "--json", exit=0).json["sessions"] if each["id"] == one.id
    ]
    assert (session["status"], session["worktree"]) == ("created", str(there))
    assert "nothing at" not in str(session["evidence"])
    assert ccc_inline("show", one.name, "--json", exit=0).json["dirty"]
    told = ccc_inline("conflicts")
    assert "nothing at" not in told.stdout + told.stderr
    assert "README.md" in told.stdout
    shutil.rmtree(there)
    assert ccc_inline("status", one.name, "--json").json["sessions"][0]["status"] == "lost"
