"""What cannot be adopted, and what to do about it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ccc.errors import NotFound
from ccc.ops.close import close
from tests.support.repository import Repo
from tests.upkeep.adopting import names_in, refusal, take
from tests.upkeep.conftest import Place, status_of

pytestmark = pytest.mark.slow
"""Real processes, a second each."""


@pytest.mark.slow
def test_where_it_lands_is_never_the_branch_itself(place: Place) -> None:
    place.repo.git("branch", "develop")
    words = "develop would have to land on itself\nname another branch: --into BRANCH"
    assert refusal(place, "develop", into="develop") == words
    assert refusal(place, "develop", into="nowhere").startswith("no branch nowhere to land on\n")
    assert refusal(place, "develop", into="main~1").startswith("no branch main~1 to land on\n")
    place.repo.git("branch", "topic")
    assert take(place, "topic", into="develop").target == "develop"
    place.repo.git("checkout", "-q", "--detach")
    assert refusal(place, "develop") == (
        "HEAD is detached, so there is no branch to land on\nname one: --into BRANCH"
    )


def test_what_is_not_there_is_not_found(place: Place, by_hand: Repo) -> None:
    assert refusal(place, "nothing") == "no branch and no worktree nothing\ngit ccc adopt feature/login"
    assert refusal(place, "main~1").startswith("no branch and no worktree main~1\n")
    outside = place.repo.path.parent
    assert refusal(place, str(outside)).startswith(f"{outside} is in no worktree of this repository\n")
    place.repo.git("update-ref", "refs/remotes/origin/far", "HEAD")
    assert refusal(place, "origin/far") == (
        "there is no branch origin/far here, only at a remote\n"
        "git branch far origin/far; then: git ccc adopt far"
    )
    with pytest.raises(NotFound):
        take(place, "feature/login", role="nobody")


@pytest.mark.slow
def test_what_is_somebody_elses_is_refused(place: Place, by_hand: Repo) -> None:
    spawned = place.spawn()
    assert refusal(place, spawned.branch) == (
        f"{spawned.branch} is the branch of {spawned.name}\ngit ccc show {spawned.name}"
    )
    assert refusal(place, str(spawned.worktree)) == (
        f"{spawned.worktree} is the worktree of {spawned.name}\ngit ccc show {spawned.name}"
    )
    assert refusal(place, ".").startswith(". is in the main checkout, which stays yours\n")
    assert refusal(place, "main").startswith("main is checked out in the main checkout\n")
    other = Repo(by_hand.path / "inner")
    other.path.mkdir()
    other.git("init", "-q")
    assert refusal(place, str(other.path)) == (
        f"{other.path} belongs to another repository\nrun git ccc there"
    )
    take(place, "feature/login")
    assert refusal(place, str(by_hand.path)).startswith(
        f"{by_hand.path} is the worktree of implementation-login\n"
    )


@pytest.mark.slow
def test_the_branch_of_a_closed_session_comes_back_by_undo(place: Place) -> None:
    spawned = place.spawn()
    place.tree(spawned).commit("Work", {"work.txt": "x\n"})
    close(place.workspace, place.session(spawned.name))
    assert refusal(place, spawned.branch) == (
        f"{spawned.branch} is the branch of {spawned.name}, which is closed\n"
        f"git ccc undo {spawned.name} brings it back"
    )


def _begin_merge(tree: Repo) -> str:
    tree.git("reset", "-q", "--hard")
    tree.git("merge", "-q", "--no-commit", "--no-ff", "main")
    return f"a merge is going on in {tree.path}"


def _begin_rebase(tree: Repo) -> str:
    tree.git("reset", "-q", "--hard")
    with pytest.raises(subprocess.CalledProcessError):
        tree.git("rebase", "-q", "--exec", "false", "main")
    return f"a rebase is going on in {tree.path}"


def _lock(tree: Repo) -> str:
    tree.git("worktree", "lock", "--reason", "on a stick", str(tree.path))
    return f"{tree.path} is locked: on a stick"


def _hold_index(tree: Repo) -> str:
    Path(tree.git("rev-parse", "--absolute-git-dir"), "index.lock").touch()
    return f"git is at work in {tree.path} (index.lock)"


def _detach(tree: Repo) -> str:
    tree.git("checkout", "-q", "--detach")
    return f"{tree.path} is on no branch (detached HEAD)"


def _take_submodule_along(tree: Repo) -> str:
    Path(tree.git("rev-parse", "--absolute-git-dir"), "modules").mkdir()
    return f"{tree.path} has submodules checked out, whose git directories lie in its own"


def _bisect(tree: Repo) -> str:
    tree.git("reset", "-q", "--hard")
    tree.git("bisect", "start")
    return f"a bisect is going on in {tree.path}"


@pytest.mark.parametrize(
    "trouble",
    [
        _begin_merge,
        _detach,
        *(pytest.param(each, marks=pytest.mark.slow) for each in (_begin_rebase, _bisect, _lock)),
        *(pytest.param(each, marks=pytest.mark.slow) for each in (_hold_index, _take_submodule_along)),
    ],
)
def test_a_worktree_that_is_not_at_rest_is_refused(
    place: Place, by_hand: Repo, trouble: Callable[[Repo], str]
) -> None:
    place.repo.commit("Go on", {"README.md": "# Other\n"})
    expected = trouble(by_hand)
    before = status_of(by_hand)
    assert refusal(place, str(by_hand.path)).split("\n")[0] == expected
    assert status_of(by_hand) == before
    assert names_in(place.repo.common / "worktrees") == ["login"]


@pytest.mark.slow
def test_a_branch_that_a_rebase_will_move_is_refused(place: Place, by_hand: Repo) -> None:
    place.repo.commit("Go on", {"README.md": "# Other\n"})
    _begin_rebase(by_hand)
    assert refusal(place, "feature/login") == (
        "a rebase of feature/login is going on in another worktree\nfinish it, or take it back, first"
    )


@pytest.mark.slow
def test_a_worktree_moved_by_hand_is_mended_first(place: Place, by_hand: Repo) -> None:
    moved = by_hand.path.with_name("moved")
    by_hand.path.rename(moved)
    words = f"{moved} and the repository have lost each other\ngit worktree repair {moved}"
    assert refusal(place, str(moved)) == refusal(place, "feature/login") == words
    place.repo.git("worktree", "repair", str(moved))
    assert take(place, str(moved)).worktree == str(moved)


def test_a_worktree_that_is_gone_is_pruned_first(place: Place, by_hand: Repo) -> None:
    gone = by_hand.path.rename(by_hand.path.with_name("gone"))
    shutil.rmtree(gone)
    assert refusal(place, "feature/login") == (
        f"the worktree of feature/login is not at {by_hand.path} any more\n"
        "git worktree prune; then: git ccc adopt feature/login"
    )


@pytest.mark.slow
def test_a_branch_checked_out_twice_is_refused(place: Place, by_hand: Repo) -> None:
    twin = by_hand.path.with_name("twin")
    place.repo.git("worktree", "add", "-q", "--force", str(twin), "feature/login")
    assert refusal(place, "feature/login").startswith("feature/login is checked out in ")


def test_an_unrelated_branch_is_refused(place: Place) -> None:
    tree = place.repo.oid("main^{tree}")
    alone = place.repo.git("commit-tree", "-m", "Alone", tree)
    place.repo.git("branch", "pages", alone)
    assert refusal(place, "pages") == (
        "pages and main have no commit in common\nname another branch: --into BRANCH"
    )
