"""Work in a session's worktree that is not on its branch: `review` and `merge` warn of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.flow.conftest import Spawns, Worked
from tests.support.program import RunsCcc
from tests.support.repository import Repo


@pytest.fixture
def done(spawn: Spawns) -> Callable[..., Worked]:
    """A session that has committed a file and reported done."""

    def make(task: str) -> Worked:
        session = spawn("backend", task)
        session.tree.commit(f"{task}\n\nCcc-Status: done", {"one": "1\n"})
        return session

    return make


Done = Callable[..., Worked]


def warnings(ccc: RunsCcc, session: Worked) -> list[str]:
    found: list[str] = ccc("review", session.name, "--json", exit=0).json["warnings"]
    return found


def test_files_that_are_not_committed_are_warned_of(ready: Repo, ccc: RunsCcc, done: Done) -> None:
    session = done("Forgets")
    assert warnings(ccc, session) == []
    session.tree.write("noise.log", "ignored\n")
    session.tree.write(f".ccc/sessions/{session.name}/report.md", "draft\n")
    session.tree.write(".ccc/sessions/other/notes.md", "draft\n")
    assert warnings(ccc, session) == []
    session.tree.write("new/file", "new\n")
    words = "its worktree has 1 changed file that would not land: new/file"
    assert warnings(ccc, session) == [words]
    session.tree.write("one", "changed\n")
    words = "its worktree has 2 changed files that would not land: one, new/file"
    assert f"  warning    {words}\n" in ccc("review", session.name, exit=0).stdout
    merged = ccc("merge", session.name, "--yes", exit=0)
    assert f"warning: {session.name}: {words}\n" in merged.stderr
    assert (ready.path / "one").read_text() == "1\n"
    assert (session.path / "one").read_text() == "changed\n"
    assert warnings(ccc, session) == []  # of what has landed there is nothing to be warned of any more


def test_commits_on_a_detached_head_are_warned_of(ready: Repo, ccc: RunsCcc, done: Done) -> None:
    session = done("Strays")
    session.tree.git("switch", "--quiet", "--detach")
    assert warnings(ccc, session) == []
    session.tree.commit("fix: the important one\n\nCcc-Status: done", {"one": "2\n"})
    end = "not on ccc/backend/strays, and would not land"
    assert warnings(ccc, session) == [f"its worktree is on a detached HEAD with 1 commit that is {end}"]
    session.tree.commit("More", {"one": "3\n"})
    words = f"its worktree is on a detached HEAD with 2 commits that are {end}"
    assert f"  warning    {words}\n" in ccc("review", session.name, exit=0).stdout
    merged = ccc("merge", session.name, "--yes", "--json", exit=0)
    assert f"warning: {session.name}: {words}\n" in merged.stderr
    assert merged.json["entries"][0]["warnings"] == [words]
    assert (ready.path / "one").read_text() == "1\n"


def test_who_approves_is_warned_too(ready: Repo, ccc: RunsCcc, done: Done) -> None:
    session, clean = done("Approved"), done("Clean")
    session.tree.write("one", "changed\n")
    session.tree.git("switch", "--quiet", "--detach")
    session.tree.commit("fix: the important one", {"two": "2\n"})
    session.tree.write("new", "new\n")
    approved = ccc("approve", session.name, clean.name, exit=0)
    assert [line.split(" (")[0] for line in approved.stdout.splitlines()] == [
        f"approved {session.name} for main",
        f"approved {clean.name} for main",
    ]
    assert [line for line in approved.stderr.splitlines() if line.startswith("warning")] == [
        f"warning: {session.name}: its worktree is on a detached HEAD with 1 commit that is "
        "not on ccc/backend/approved, and would not land",
        f"warning: {session.name}: its worktree has 1 changed file that would not land: new",
    ]


@pytest.mark.slow
def test_commits_on_another_branch_are_warned_of_but_not_those_of_the_target(
    ready: Repo, ccc: RunsCcc, done: Done
) -> None:
    session = done("Wanders")
    ready.commit("Main goes on", {"main": "1\n"})
    session.tree.git("switch", "--quiet", "--detach", "main")
    assert warnings(ccc, session) == []
    session.tree.git("switch", "--quiet", "-c", "own-idea", "ccc/backend/wanders")
    assert warnings(ccc, session) == []
    session.tree.commit("Astray", {"astray": "1\n"})
    end = "not on ccc/backend/wanders, and would not land"
    assert warnings(ccc, session) == [f"its worktree is on branch own-idea with 1 commit that is {end}"]


@pytest.mark.slow
def test_a_worktree_that_is_gone_hides_no_review(ready: Repo, ccc: RunsCcc, done: Done) -> None:
    session = done("Gone")
    session.path.rename(session.path.with_name("elsewhere"))
    assert warnings(ccc, session) == []
