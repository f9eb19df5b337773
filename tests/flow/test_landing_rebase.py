"""A rebase or a bisection under way has its branches: nothing that ccc does moves these, as git does not."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.flow.conftest import Spawns, Worked
from tests.support.program import RunsCcc
from tests.support.repository import Repo

EDIT = {"GIT_SEQUENCE_EDITOR": "sed -i -e 1s/pick/edit/", "GIT_EDITOR": "true"}


@pytest.fixture
def done(spawn: Spawns) -> Callable[..., Worked]:
    """A session that has committed a file and reported done."""

    def make(task: str) -> Worked:
        session = spawn("backend", task)
        session.tree.commit(f"{task}\n\nCcc-Status: done", {task: "1"})
        return session

    return make


Done = Callable[..., Worked]


def stopped_rebase(repo: Repo, *options: str) -> None:
    """Stops at the first of two commits; the work tree is clean then."""
    repo.git("rebase", "--quiet", "--interactive", *options, "HEAD~2", **EDIT)


def hint(top: Path) -> str:
    git = f"git -C {shlex.quote(str(top))}"
    return f"hint: finish or abort the rebase there: {git} rebase --continue (or --abort)"


def test_a_target_that_is_being_rebased_is_not_moved(ready: Repo, ccc: RunsCcc, done: Done) -> None:
    session = done("Lands")
    words = f"main is being rebased in {ready.path}"
    tip = ready.oid("main")
    stopped_rebase(ready)
    refused = ccc("merge", session.name, "--yes", exit=1).stderr.splitlines()
    why = f"{words}; approval by a person is missing (0 of 1)"
    assert refused[-2:] == [f"error: {session.name} cannot land: {why}", hint(ready.path)]
    shown = ccc("review", session.name, exit=0).stdout
    assert f"  not yet    {words}\n" in shown
    assert shown.endswith(f"  next       git -C {shlex.quote(str(ready.path))} status\n")
    assert words in ccc("merge", "--plan", session.name, exit=0).stdout
    assert words in ccc("review", session.name, "--json", exit=0).json["why_not"]
    ccc("approve", session.name, exit=0)  # a yes may be given meanwhile
    refused = ccc("merge", session.name, exit=1).stderr.splitlines()
    assert refused[-2] == f"error: {session.name} cannot land: {words}"
    assert ready.oid("main") == tip
    ready.git("rebase", "--abort")
    ccc("merge", session.name, exit=0)
    assert (ready.path / "Lands").exists()


def test_a_session_whose_own_branch_is_being_rebased_does_not_land(
    ready: Repo, ccc: RunsCcc, done: Done
) -> None:
    session = done("Own")
    tip, head = ready.oid("main"), session.tree.oid()
    stopped_rebase(session.tree)
    refused = ccc("merge", session.name, "--yes", exit=1).stderr.splitlines()
    assert f" cannot land: ccc/backend/own is being rebased in {session.path}; " in refused[-2]
    assert refused[-1] == hint(session.path)
    assert (ready.oid("main"), ready.oid("ccc/backend/own")) == (tip, head)
    session.tree.git("rebase", "--abort")
    ccc("merge", session.name, "--yes", exit=0)


@pytest.mark.slow
def test_a_rebase_of_the_target_in_another_checkout_counts_too(
    ready: Repo, ccc: RunsCcc, done: Done, tmp_path: Path
) -> None:
    session = done("Elsewhere")
    ready.git("switch", "--quiet", "-c", "aside")
    other = Repo(tmp_path / "other place")
    ready.git("worktree", "add", "--quiet", str(other.path), "main")
    stopped_rebase(other)
    refused = ccc("merge", session.name, "--yes", exit=1).stderr.splitlines()
    assert f"cannot land: main is being rebased in {other.path}; " in refused[-2]
    assert refused[-1] == hint(other.path)


@pytest.mark.slow
def test_a_rebase_by_patches_that_meets_a_conflict_counts_too(ready: Repo, ccc: RunsCcc, done: Done) -> None:
    session = done("Patches")
    ready.git("branch", "other", "HEAD~1")
    ready.commit("Here", file="here\n")
    ready.git("switch", "--quiet", "other")
    ready.commit("There", file="there\n")
    ready.git("switch", "--quiet", "main")
    with pytest.raises(subprocess.CalledProcessError):
        ready.git("rebase", "--quiet", "--apply", "other")
    assert (ready.path / ".git/rebase-apply").is_dir()
    refused = ccc("merge", session.name, "--yes", exit=1).stderr.splitlines()
    assert f"cannot land: main is being rebased in {ready.path}; " in refused[-2]


@pytest.mark.slow
def test_a_branch_that_a_rebase_is_going_to_update_is_not_moved(
    ready: Repo, ccc: RunsCcc, spawn: Spawns
) -> None:
    ready.git("branch", "stable", "HEAD~1")
    session = spawn("backend", "Stable", "--into", "stable")
    session.tree.commit("One\n\nCcc-Status: done", one="1")
    stopped_rebase(ready, "--update-refs")
    refused = ccc("merge", session.name, "--yes", exit=1).stderr.splitlines()
    assert f"cannot land: stable is part of a rebase under way in {ready.path}; " in refused[-2]
    assert refused[-1] == hint(ready.path)


@pytest.mark.slow
def test_a_target_that_is_being_bisected_is_not_moved(ready: Repo, ccc: RunsCcc, done: Done) -> None:
    session = done("Bisected")
    ready.git("bisect", "start", "HEAD", "HEAD~2")
    refused = ccc("merge", session.name, "--yes", exit=1).stderr.splitlines()
    assert f"cannot land: main is being bisected in {ready.path}; " in refused[-2]
    git = f"git -C {shlex.quote(str(ready.path))}"
    assert refused[-1] == f"hint: end the bisection there: {git} bisect reset"
    ready.git("bisect", "reset")
    ccc("merge", session.name, "--yes", exit=0)


@pytest.mark.slow
def test_a_landing_is_not_taken_back_under_a_rebase(ready: Repo, ccc: RunsCcc, done: Done) -> None:
    session = done("Back")
    ccc("merge", session.name, "--yes", exit=0)
    tip = ready.oid("main")
    stopped_rebase(ready)
    refused = ccc("undo", session.name, exit=1).stderr.splitlines()
    assert refused == [f"error: main is being rebased in {ready.path}", hint(ready.path)]
    assert ready.oid("main") == tip
    ready.git("rebase", "--abort")
    stopped_rebase(session.tree)
    undone = ccc("undo", session.name, exit=0).stdout
    assert f"ccc/backend/back is being rebased in {session.path}" in undone
    session.tree.git("rebase", "--abort")


@pytest.mark.slow
def test_a_checkout_that_is_gone_keeps_no_branch(
    ready: Repo, ccc: RunsCcc, done: Done, tmp_path: Path
) -> None:
    session = done("Gone")
    ready.git("switch", "--quiet", "-c", "aside")
    other = Repo(tmp_path / "other")
    ready.git("worktree", "add", "--quiet", str(other.path), "main")
    stopped_rebase(other)
    other.path.rename(tmp_path / "away")
    ccc("merge", session.name, "--yes", exit=0)


def test_landings_that_a_target_does_not_contain_any_more_are_named(
    ready: Repo, ccc: RunsCcc, done: Done
) -> None:
    before = ready.oid("main")
    sessions = [done("One"), done("Two")]
    landed = []
    for session in sessions:
        ccc("merge", session.name, "--yes", exit=0)
        landed.append(ready.oid("main")[:7])

    def item() -> dict[str, str]:
        items = ccc("inbox", "--json", exit=0).json["items"]
        found: list[dict[str, str]] = [one for one in items if one["title"] == "main was moved outside ccc"]
        return found[-1]

    ready.git("reset", "--quiet", "--hard", before)
    lost = f"backend-one ({landed[0]}), backend-two ({landed[1]})"
    told = f"from {landed[1]} to {before[:7]}, not forward"
    assert item()["text"] == f"{told}; it does not contain any more what landed: {lost}"
    assert item()["command"] == "git ccc undo backend-one"
    ccc("drain", exit=0)
    new = ready.commit("Goes on", on="1")[:7]
    told = f"from {before[:7]} to {new}"
    assert item()["text"] == f"{told}; it does not contain any more what landed: {lost}"
    ccc("undo", "backend-one", exit=0)
    assert item()["text"].endswith(f"what landed: backend-two ({landed[1]})")
    assert item()["command"] == "git ccc undo backend-two"
    ccc("undo", "backend-two", exit=0)
    assert item()["text"] == told
    ccc("merge", "backend-one", "--yes", exit=0)
    assert (ready.path / "One").exists()
