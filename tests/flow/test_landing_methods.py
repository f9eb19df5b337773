"""What commits a landing makes: merge, squash, rebase; going on after each, and taking each back."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from tests.flow.conftest import Spawns, Worked
from tests.flow.test_landing import BEFORE, STEPS
from tests.support.program import RunsCcc
from tests.support.repository import Repo
from tests.support.settling import unattended

Configure = Callable[[str], None]
METHODS = ("merge", "squash", "rebase")
OTHERS = ("squash", "rebase")


@pytest.fixture
def method(ready: Repo) -> Configure:
    """Has landings on main made so."""

    def make(name: str) -> None:
        ready.commit("Method", {".ccc/config.toml": f'[land]\nmethod = "{name}"\n'})

    return make


def worked(spawn: Spawns, role: str, task: str, *names: str) -> Worked:
    """A session with one commit a file, the last of which reports done."""
    session = spawn(role, task)
    for name in names[:-1]:
        session.tree.commit(f"Add {name}", **{name: "1"})
    session.tree.commit(f"Add {names[-1]}\n\nCcc-Status: done", **{names[-1]: "1"})
    return session


def subjects(repo: Repo, since: str) -> list[str]:
    return repo.git("log", "--first-parent", "--reverse", "--format=%s", f"{since}..main").splitlines()


def files(repo: Repo) -> set[str]:
    return set(repo.git("ls-tree", "-r", "--name-only", "main").splitlines())


def test_a_squashed_landing_is_one_commit_by_the_session(
    ready: Repo, ccc: RunsCcc, spawn: Spawns, method: Configure
) -> None:
    method("squash")
    session = worked(spawn, "backend", "Two things", "one", "two")
    before = ready.oid("main")
    ccc("merge", session.name, "--yes", exit=0)
    assert ready.git("log", "--format=%P", "-1", "main") == before
    lines = ready.git("log", "--format=%an%n%B", "-1", "main").splitlines()
    author, title, blank, named, approved, *rest = lines
    assert (author, title, blank) == ("Developer (backend)", "Two things", "")
    assert named == f"Ccc-Session: {session.name} {session.id}"
    assert approved.startswith("Ccc-Approval: Developer <")
    assert [line.split(" ")[0] for line in rest] == ["Ccc-Gate:", "Ccc-Checks:", "Ccc-Head:"]
    assert {"one", "two"} <= files(ready)
    assert not any(name.startswith(".ccc/sessions/") for name in files(ready))
    assert ccc("status", "--json", exit=0).json["sessions"][0]["status"] == "completed"


def test_a_rebased_landing_is_the_sessions_own_commits_made_again(
    ready: Repo, ccc: RunsCcc, spawn: Spawns, method: Configure
) -> None:
    method("rebase")
    session = worked(spawn, "backend", "Two things", "one", "two")
    before = ready.commit("Meanwhile", meanwhile="1")
    ccc("merge", session.name, "--yes", exit=0)
    assert subjects(ready, before) == ["Add one", "Add two"]
    assert ready.git("log", "--merges", "--format=%s", f"{before}..main") == ""
    assert ready.git("diff", "--name-only", before, "main~1") == "one"
    assert ready.git("log", "-1", "--format=%an", "main") == "Developer (backend)"
    last = ready.git("log", "-1", "--format=%(trailers:only)", "main").splitlines()
    keys = ["Ccc-Status:", "Ccc-Session:", "Ccc-Approval:", "Ccc-Gate:", "Ccc-Checks:", "Ccc-Head:"]
    assert [line.split(" ")[0] for line in last if line] == keys
    first = ready.git("log", "-1", "--format=%(trailers:only)", "main~1").strip()
    assert first == f"Ccc-Session: {session.name} {session.id}"


@pytest.mark.slow
@pytest.mark.parametrize("name", METHODS)
def test_a_session_goes_on_and_lands_again(
    ready: Repo, ccc: RunsCcc, spawn: Spawns, method: Configure, name: str
) -> None:
    method(name)
    session = worked(spawn, "backend", "First", "one")
    ccc("merge", session.name, "--yes", exit=0)
    ready.commit("Meanwhile", one="2", meanwhile="1")
    for number in ("2", "3"):
        session.tree.commit(f"Again {number}\n\nCcc-Status: done", again=number)
        before = ready.oid("main")
        ccc("merge", session.name, "--yes", exit=0)
        assert ready.git("diff", "--name-only", before, "main") == "again"
    assert ready.git("show", "main:one") == "2"
    assert ready.git("status", "--porcelain") == ""
    assert (session.path / ".ccc/sessions" / session.name / "brief.md").exists()
    ccc("fsck", exit=0)


@pytest.mark.slow
@pytest.mark.parametrize("name", METHODS)
def test_what_was_begun_on_another_session_lands_after_it(
    ready: Repo, ccc: RunsCcc, spawn: Spawns, method: Configure, name: str
) -> None:
    method(name)
    parent = worked(spawn, "backend", "Parent", "shared")
    child = spawn("frontend", "Child", "--base", parent.tree.git("branch", "--show-current"))
    child.tree.commit("Change\n\nCcc-Status: done", shared="child\n")
    refused = ccc("merge", child.name, "--yes", exit=1).stderr
    assert f"it carries work of {parent.name} that has not landed" in refused
    ccc("merge", parent.name, "--yes", exit=0)
    ready.commit("Meanwhile", meanwhile="1")
    shown = ccc("inbox", "--json", exit=0).json["items"]
    assert [item["kind"] for item in shown if item["session"] == child.id] == ["approval"]
    ccc("merge", child.name, "--yes", exit=0)
    assert ready.git("show", "main:shared") == "child"


@pytest.mark.slow
@pytest.mark.parametrize("name", METHODS)
def test_a_landing_is_taken_back(
    ready: Repo, ccc: RunsCcc, spawn: Spawns, method: Configure, name: str
) -> None:
    method(name)
    session = worked(spawn, "backend", "Two things", "one", "two")
    before = ready.oid("main")
    ccc("merge", session.name, "--yes", exit=0)
    ccc("undo", session.name, exit=0)
    assert ready.oid("main") == before
    ccc("merge", session.name, "--yes", exit=0)
    ready.commit("Later", later="1")
    ccc("undo", session.name, exit=0)
    assert not {"one", "two"} & files(ready)
    assert "later" in files(ready)
    assert ready.git("status", "--porcelain") == ""


@pytest.mark.slow
def test_commits_that_do_not_come_to_the_tested_tree_are_not_landed(
    ready: Repo, ccc: RunsCcc, spawn: Spawns, method: Configure
) -> None:
    method("rebase")
    ready.commit("Lines", lines="one\ntwo\nthree\n")
    session = spawn("backend", "Merged by hand")
    session.tree.commit("Mine", lines="one\nmine\nthree\n")
    ready.commit("Theirs", lines="one\ntheirs\nthree\n")
    session.tree.git("merge", "--quiet", "--no-commit", "--strategy=ours", "main")
    session.tree.commit("Both\n\nCcc-Status: done", lines="one\ntheirs\nmine\nthree\n")
    before = ready.oid("main")
    told = ccc("merge", session.name, "--yes", exit=1).stderr
    assert f"error: the commits of {session.name} cannot be put on main one by one: " in told
    assert "'Mine' conflicts in lines" in told
    assert ready.oid("main") == before


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("step", STEPS)
def test_a_landing_by_another_method_killed_at_any_step_is_finished_or_never_was(
    ready: Repo, ccc: RunsCcc, spawn: Spawns, method: Configure, step: str, name: str
) -> None:
    method(name)
    with unattended(ready):
        session = worked(spawn, "backend", "Killed", "one", "two")
    before = ready.oid("main")
    killed = ccc("merge", session.name, "--yes", env={"CCC_TEST_STOP_AT": step})
    assert killed.exit == -signal.SIGKILL
    ccc("drain", exit=0)
    landed = step not in BEFORE
    assert (ready.oid("main") != before) == landed
    assert ready.git("status", "--porcelain") == ""
    if not landed:
        ccc("merge", session.name, "--yes", exit=0)
    session.tree.commit("More\n\nCcc-Status: done", more="2")
    ccc("merge", session.name, "--yes", exit=0)
    assert {"one", "two", "more"} <= files(ready)
    texts = [event["text"] for event in ccc("log", "--json", exit=0).json["events"]]
    assert len([text for text in texts if text.startswith("landed")]) == 2
    assert not any("moved" in text or "forced" in text for text in texts)
    ccc("fsck", exit=0)
    ready.git("fsck", "--strict")
