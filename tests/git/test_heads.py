"""Branches read from files are those that git tells of."""

from __future__ import annotations

import subprocess

import pytest

from ccc.git import repository as repositories
from ccc.git.command import Git
from ccc.git.heads import HEADS, branches
from tests.support.repository import Repo


def agreed(repo: Repo) -> dict[str, str]:
    """The branches, after a comparison with what git says."""
    found = dict(branches(Git(repo.common), repo.common))
    assert found == repositories.refs(Git(repo.common), HEADS)
    return found


def test_loose_packed_and_both(repo: Repo) -> None:
    first = repo.commit("One")
    for name in ("a", "b/c/d", "b/e", "gone"):
        repo.git("branch", name)
    assert set(agreed(repo)) == {f"{HEADS}{name}" for name in ("main", "a", "b/c/d", "b/e", "gone")}
    repo.git("pack-refs", "--all")
    repo.git("branch", "-D", "gone")
    repo.git("tag", "--annotate", "--message=v1", "v1")
    repo.git("pack-refs", "--all")
    second = repo.commit("Two")
    repo.git("branch", "--force", "b/e")
    found = agreed(repo)
    assert (found[f"{HEADS}b/e"], found[f"{HEADS}a"]) == (second, first)


def test_what_only_git_can_tell_is_asked_of_git(repo: Repo) -> None:
    repo.commit("One")
    repo.git("symbolic-ref", "refs/heads/alias", "refs/heads/main")
    assert agreed(repo)[f"{HEADS}alias"] == repo.oid("main")
    (repo.common / "refs" / "heads" / "torn").write_bytes(b"")
    (repo.common / "refs" / "heads" / "held.lock").write_bytes(b"")
    assert f"{HEADS}torn" not in agreed(repo)


@pytest.mark.slow
def test_no_branch_is_missed_while_git_packs(repo: Repo) -> None:
    """Each branch moves between its own file and packed-refs all the time."""
    repo.commit("One")
    for number in range(20):
        repo.git("branch", f"b{number}")
    work = "while :; do git pack-refs --all; for n in 1 5 9; do git branch -f b$n main~0; done; done"
    loop = subprocess.Popen(["sh", "-c", work], cwd=repo.path, stderr=subprocess.DEVNULL)
    try:
        for _ in range(800):
            assert len(branches(Git(repo.common), repo.common)) == 21
    finally:
        loop.kill()
        loop.wait()
