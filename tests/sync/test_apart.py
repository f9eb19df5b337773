"""Sessions of two machines: told apart by more than their name, and each landed as itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.repository import Repo
from tests.sync.conftest import Clone, Clones

pytestmark = pytest.mark.slow


def spawned(clone: Clone, task: str) -> dict[str, Any]:
    """A session whose work is done and recorded as unchecked."""
    made: dict[str, Any] = clone("spawn", "backend", task, "--no-start", "--json").json["sessions"][0]
    path = Path(made["worktree"])
    Repo(path).commit("work", {f"{path.parent.name}-{task}.txt": "work"})
    clone("report", "--done", "--session", made["id"])
    clone("wait", made["id"])
    return made


def exchange(*clones: Clone) -> None:
    for _ in range(2):
        for clone in clones:
            clone("sync")


def commands(clone: Clone) -> list[str]:
    return [item["command"] for item in clone("inbox", "--json").json["items"]]


def titles(clone: Clone) -> list[str]:
    return [item["title"] for item in clone("status", "--json").json["waiting_for_you"]]


def landed_as(clone: Clone, session: str) -> str | None:
    log = clone("log", "--type", "session.landed", "--json").json["events"]
    return next((str(event["text"]).split()[-1] for event in log if event["session"] == session), None)


def test_sessions_that_got_one_name_offline_are_told_apart_by_their_ids(sharing: Clones) -> None:
    one, two = sharing("one"), sharing("two")
    first, second = spawned(one, "Add login"), spawned(two, "Add login")
    assert first["name"] == second["name"]
    exchange(one, two)
    ids = [first["id"][:8], second["id"][:8]]
    waiting = one("status", "--json").json["waiting_for_you"]
    assert sorted(item["command"] for item in waiting) == sorted(f"git ccc merge {each}" for each in ids)
    assert sorted(titles(one)) == sorted(f"{first['name']} ({each}) is unchecked" for each in ids)
    table = one("status").stdout
    assert all(f"{first['name']}  {each} " in table for each in ids)
    assert commands(two) == [f"git ccc merge {ids[1]}"]
    assert f"git ccc merge {first['name']}" not in two().stdout
    one("merge", ids[0], "--yes")


def test_the_work_of_another_machine_is_never_taken_for_a_branch_of_the_same_name(sharing: Clones) -> None:
    one, two = sharing("one"), sharing("two")
    first = spawned(one, "Add login")
    spawned(two, "Add login")
    exchange(one, two)
    before = two.repo.oid("main")
    for command in (("merge", "--yes"), ("review",), ("approve",), ("report", "--done", "--session")):
        refused = two(command[0], *command[1:], first["id"], exit=1).stderr
        assert "is in another copy of the repository" in refused
    assert two.repo.oid("main") == before


def test_work_of_another_machine_lands_where_its_branch_was_fetched(sharing: Clones) -> None:
    one, two = sharing("one"), sharing("two")
    made = spawned(one, "Add login")
    exchange(one, two)
    one.repo.git("push", "-q", "origin", made["branch"], "main")
    two.repo.git("fetch", "-q", "origin", f"{made['branch']}:{made['branch']}")
    two("merge", made["id"], "--yes")
    tip = two.repo.oid("main")
    assert landed_as(two, made["id"]) == tip[:7]
    assert titles(two) == []
    exchange(two, one)
    spawned(one, "Something else")
    two.repo.git("push", "-q", "origin", "main")
    one.repo.git("pull", "-q", "--ff-only", "origin", "main")
    assert landed_as(one, made["id"]) == tip[:7]
    one("merge", "backend-something-else", "--yes")
    assert one.repo.git("log", "-1", "--format=%s", made["branch"]) == f"Go on after landing as {tip[:7]}"
    exchange(one, two)
    assert one.tip == two.tip


def test_a_landing_that_comes_by_git_pull_is_no_move_outside_ccc(sharing: Clones) -> None:
    one, two = sharing("one"), sharing("two")
    made = spawned(one, "Add login")
    spawned(two, "Add logout")
    one("merge", made["id"], "--yes")
    one.repo.git("push", "-q", "origin", "main")
    two.repo.git("pull", "-q", "--ff-only", "origin", "main")
    assert "main was moved outside ccc" in titles(two)
    exchange(one, two)
    assert "main was moved outside ccc" not in titles(one) + titles(two)
    two.repo.git("commit", "-q", "--allow-empty", "-m", "By hand")
    assert "main was moved outside ccc" in titles(two)


def test_a_session_is_reopened_only_where_it_lives(sharing: Clones) -> None:
    one, two = sharing("one"), sharing("two")
    made = spawned(one, "Add login")
    one("close", made["id"])
    exchange(one, two)
    assert "lives in another copy" in two("undo", made["id"], exit=1).stderr
    assert not Path(made["worktree"]).exists()
    one("undo", made["id"])
    assert Path(made["worktree"]).exists()
