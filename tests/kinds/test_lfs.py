"""Git LFS: a session's worktree has the real files, git-lfs's own hooks run, and no push is needed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.kinds.days import Place, persons_day
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = pytest.mark.slow

PICTURE = "a large picture\n" * 64


@pytest.fixture
def lfs(repo: Repo) -> Place:
    """A repository with a file that git-lfs keeps, its hooks installed."""
    if shutil.which("git-lfs") is None:
        pytest.skip("git-lfs is not installed")
    repo.git("lfs", "install", "--local")
    repo.git("lfs", "track", "*.bin")
    repo.commit("Add a picture", {"picture.bin": PICTURE})
    assert repo.git("show", "HEAD:picture.bin").startswith("version https://git-lfs")
    return Place.of(repo)


def has_the_picture(tree: Repo) -> None:
    assert (tree.path / "picture.bin").read_text(encoding="utf-8") == PICTURE


def test_a_persons_day_with_large_files(lfs: Place, ccc_inline: RunsCcc) -> None:
    persons_day(lfs, ccc_inline, has_the_picture)


def test_a_large_file_of_a_session_lands_as_itself(lfs: Place, ccc_inline: RunsCcc) -> None:
    lfs.run(ccc_inline, "init")
    made = lfs.run(ccc_inline, "spawn", "backend", "Draw", "--no-start", "--json").json["sessions"][0]
    tree = Repo(Path(made["worktree"]))
    tree.commit("Draw\n\nCcc-Status: done", {"drawing.bin": PICTURE * 2, "picture.bin": "smaller\n"})
    assert tree.git("lfs", "ls-files", "--name-only").splitlines() == ["drawing.bin", "picture.bin"]
    lfs.run(ccc_inline, "merge", made["name"], "--yes")
    assert (lfs.home.path / "drawing.bin").read_text(encoding="utf-8") == PICTURE * 2
    assert (lfs.home.path / "picture.bin").read_text(encoding="utf-8") == "smaller\n"
    lfs.untouched()
    lfs.home.git("lfs", "fsck")


def test_the_hooks_of_git_lfs_run_in_a_sessions_worktree(
    lfs: Place, ccc_inline: RunsCcc, tmp_path: Path
) -> None:
    lfs.run(ccc_inline, "init")
    made = lfs.run(ccc_inline, "spawn", "backend", "Draw", "--no-start", "--json").json["sessions"][0]
    tree = Repo(Path(made["worktree"]))
    tree.commit("Draw", {"drawing.bin": PICTURE * 2})
    lfs.home.git("init", "-q", "--bare", str(tmp_path / "origin.git"))
    lfs.home.git("remote", "add", "origin", f"file://{tmp_path}/origin.git")
    tree.git("push", "-q", "origin", "HEAD")
    kept = [path for path in (tmp_path / "origin.git" / "lfs" / "objects").rglob("*") if path.is_file()]
    assert len(kept) == 2


def test_a_backup_brings_an_unfinished_large_file_back(lfs: Place, ccc_inline: RunsCcc) -> None:
    lfs.run(ccc_inline, "init")
    made = lfs.run(ccc_inline, "spawn", "backend", "Draw", "--no-start", "--json").json["sessions"][0]
    tree = Repo(Path(made["worktree"]))
    tree.write("picture.bin", "half drawn\n")
    lfs.run(ccc_inline, "close", made["name"])
    lfs.run(ccc_inline, "undo", made["name"])
    assert (tree.path / "picture.bin").read_text(encoding="utf-8") == "half drawn\n"
    assert tree.git("status", "--porcelain") == " M picture.bin"
