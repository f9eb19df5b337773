"""A person's day: from init to a landed merge, everything recorded on refs/ccc."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.flow.conftest import Spawns
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = pytest.mark.cold

Diary = Callable[[], list[str]]


def test_a_day_from_spawn_to_landing_is_told_by_the_diary(
    ready: Repo, spawn: Spawns, ccc: RunsCcc, diary: Diary
) -> None:
    base = ready.git("rev-parse", "--short=7", "main").strip()
    session = spawn("backend", "JWT auth")
    assert session.tree.git("branch", "--show-current").strip() == "ccc/backend/jwt-auth"
    first = session.tree.commit("Add login\n\nCcc-Progress: 50", **{"login.py": "x = 1\n"})
    second = session.tree.commit("Sign tokens\n\nCcc-Status: done", **{"tokens.py": "y = 2\n"})
    waited = ccc("wait", "--timeout", "60", "--json", exit=0).json
    assert waited["done"] == [session.id]
    assert ccc("status", "--json", exit=0).json["sessions"][0]["status"] == "unchecked"
    ccc("merge", session.name, "--yes", exit=0)
    landed = ready.git("rev-parse", "main").strip()
    tree = ready.git("rev-parse", "--short=7", "main^{tree}").strip()
    assert ready.git("status", "--porcelain") == ""
    assert (ready.path / "tokens.py").exists()
    assert not (ready.path / ".ccc").exists()
    assert diary() == [
        "ccc: format 1",
        "ccc: initialised",
        f"backend-jwt-auth: spawned on ccc/backend/jwt-auth from main {base}",
        f"backend-jwt-auth: committed {first[:7]} Add login",
        "backend-jwt-auth: progress 50 %",
        f"backend-jwt-auth: committed {second[:7]} Sign tokens",
        f"backend-jwt-auth: reported done at {second[:7]}",
        f"backend-jwt-auth: unchecked {second[:7]}: the role has no checks here",
        "main: queued backend-jwt-auth",
        f"main: approved backend-jwt-auth (tree {tree}) by Developer <developer@example.com>",
        f"main: landed backend-jwt-auth as {landed[:7]}",
        f"backend-jwt-auth: advanced to {session.tree.oid()[:7]}, with its target",
    ]
    assert re.search(r"^Ccc-Gate: no gate configured$", ready.git("log", "-1", "--format=%B", "main"), re.M)
    ccc("fsck", exit=0)


def test_going_on_after_a_landing_and_landing_again_works(ready: Repo, spawn: Spawns, ccc: RunsCcc) -> None:
    session = spawn("backend", "JWT auth")
    session.tree.commit("One\n\nCcc-Status: done", **{"one.py": "1\n"})
    ccc("merge", session.name, "--yes", exit=0)
    assert ccc("status", "--json").json["sessions"][0]["status"] == "completed"
    session.tree.commit("Two", **{"two.py": "2\n"})
    assert ccc("status", "--json").json["sessions"][0]["status"] == "running"
    session.tree.commit("Three\n\nCcc-Status: done", **{"three.py": "3\n"})
    ccc("merge", session.name, "--yes", exit=0)
    assert {"one.py", "two.py", "three.py"} <= set(ready.git("ls-tree", "--name-only", "main").split())
    assert (session.path / ".ccc/sessions" / session.name / "brief.md").exists()
    assert session.tree.git("status", "--porcelain") == ""


@pytest.mark.slow
def test_a_session_takes_up_its_target_by_a_merge_and_lands_again(
    ready: Repo, spawn: Spawns, ccc: RunsCcc
) -> None:
    one, other = spawn("backend", "One"), spawn("frontend", "Other")
    one.tree.commit("One\n\nCcc-Status: done", **{"one.py": "1\n"})
    ccc("merge", one.name, "--yes", exit=0)
    other.tree.git("merge", "--quiet", "--no-edit", "main")
    other.tree.commit("Other\n\nCcc-Status: done", **{"other.py": "2\n"})
    ccc("merge", other.name, "--yes", exit=0)
    one.tree.git("merge", "--quiet", "--no-edit", "main")
    one.tree.commit("More\n\nCcc-Status: done", **{"more.py": "3\n"})
    ccc("merge", one.name, "--yes", exit=0)
    landed = set(ready.git("ls-tree", "--name-only", "main").split())
    assert {"one.py", "other.py", "more.py"} <= landed
    assert ".ccc" not in landed
    assert (one.path / ".ccc/sessions" / one.name / "brief.md").exists()


@pytest.mark.slow
def test_a_child_stacked_on_its_parent_lands_after_it(ready: Repo, spawn: Spawns, ccc: RunsCcc) -> None:
    parent = spawn("backend", "Parent")
    parent.tree.commit("Parent\n\nCcc-Status: done", **{"parent.py": "1\n"})
    child = spawn("frontend", "Child", "--base", parent.name)
    child.tree.commit("Child\n\nCcc-Status: done", **{"child.py": "2\n"})
    ccc("merge", parent.name, "--yes", exit=0)
    ccc("merge", child.name, "--yes", exit=0)
    landed = set(ready.git("ls-tree", "--name-only", "main").split())
    assert {"parent.py", "child.py"} <= landed
    assert ".ccc" not in landed


def test_commits_that_no_hook_saw_are_recorded_all_the_same(ready: Repo, spawn: Spawns, ccc: RunsCcc) -> None:
    session = spawn("backend", "Quiet")
    session.tree.write("a.py", "1\n")
    session.tree.git("add", "--all")
    session.tree.git("-c", "core.hooksPath=/dev/null", "commit", "--quiet", "--message=Unseen")
    texts = [event["text"] for event in ccc("log", "--json", exit=0).json["events"]]
    assert any(text.endswith("Unseen") for text in texts)
    assert ccc("status", "--json").json["sessions"][0]["status"] == "running"
