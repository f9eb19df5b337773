"""`merge --plan` tries orders out, says why, and leaves nothing behind."""

from __future__ import annotations

import pytest

from tests.flow.checked import until_checked
from tests.flow.conftest import Spawns, Worked
from tests.support.program import RunsCcc
from tests.support.repository import Repo
from tests.support.settling import still

pytestmark = pytest.mark.slow


def done(session: Worked, files: dict[str, str]) -> str:
    session.tree.commit("Change\n\nCcc-Status: done", files)
    return session.name


def objects(repo: Repo) -> set[str]:
    """Every object that is not of the diary: what is read of the state may be recorded meanwhile."""
    listed = repo.git("cat-file", "--batch-all-objects", "--batch-check").splitlines()
    diary = set(repo.git("rev-list", "--objects", "refs/ccc").replace("\n", " ").split())
    return {line for line in listed if line.split()[0] not in diary}


def test_one_that_would_spoil_two_comes_behind_them(ready: Repo, ccc: RunsCcc, spawn: Spawns) -> None:
    ready.commit("Files", {"one": "1\n", "two": "2\n"})
    both, first, second = spawn("backend", "Both"), spawn("backend", "First"), spawn("backend", "Second")
    done(both, {"one": "both\n", "two": "both\n"})
    done(first, {"one": "first\n"})
    done(second, {"two": "second\n"})
    until_checked(ccc)
    ccc("queue", both.name, first.name, second.name, exit=0)
    with still(ready):
        before = objects(ready)
        shown = ccc("merge", "--plan", exit=0).stdout
        assert objects(ready) == before
    missing = "passed (approval by a person is missing (0 of 1))"
    assert shown.splitlines() == [
        f"1. backend-first -> main: {missing}",
        "   before backend-both, to be resolved then: one",
        f"2. backend-second -> main: {missing}",
        "   before backend-both, to be resolved then: two",
        f"3. backend-both -> main: {missing}",
        "   in conflict once backend-first, backend-second have landed: one, two",
        "   git ccc resolve backend-both",
        "1 landing in conflict in this order, 2 in that of the queue",
    ]
    document = ccc("merge", "--plan", "--json", exit=0).json
    assert (document["conflicts"], document["queue_conflicts"]) == (1, 2)
    assert [each["name"] for each in document["order"]] == ["backend-first", "backend-second", "backend-both"]
    assert [each["entry"]["name"] for each in document["entries"]] == [
        each["name"] for each in document["order"]
    ]
    for name in (first.name, second.name):
        ccc("merge", name, "--yes", exit=0)
    assert ccc("merge", both.name, "--yes", exit=3).exit == 3


def test_what_only_two_landings_together_bring_about_is_foreseen(
    ready: Repo, ccc: RunsCcc, spawn: Spawns
) -> None:
    ready.git("config", "merge.directoryRenames", "true")
    ready.commit("Folder", {"old/a": "a\n" * 9, "old/b": "b\n" * 9})
    moves, adds, places = spawn("backend", "Moves"), spawn("backend", "Adds"), spawn("backend", "Places")
    moves.tree.git("mv", "old", "new")
    done(moves, {})
    done(adds, {"old/c": "added\n" * 9})
    done(places, {"new/c": "placed\n" * 9})
    until_checked(ccc)
    document = ccc("merge", "--plan", "--json", exit=0).json
    assert [(each["name"], each["lands"], each["conflicts_with"]) for each in document["order"]] == [
        ("backend-moves", True, []),
        ("backend-adds", True, []),
        ("backend-places", False, []),
    ]
    assert document["order"][-1]["reasons"] == [
        "merges with each of the others alone, but not behind backend-moves, backend-adds: new/c"
    ]


def test_what_builds_on_another_comes_behind_it(ready: Repo, ccc: RunsCcc, spawn: Spawns) -> None:
    below = spawn("backend", "Below")
    done(below, {"below": "1\n"})
    until_checked(ccc)
    above = spawn("backend", "Above", "--base", below.name)
    done(above, {"above": "1\n"})
    beside = spawn("backend", "Beside")
    beside.tree.commit(f"Beside\n\nDepends-On: {above.name}\nCcc-Status: done", beside="1")
    until_checked(ccc)
    ccc("queue", beside.name, above.name, below.name, exit=0)
    document = ccc("merge", "--plan", "--json", exit=0).json
    assert [each["name"] for each in document["order"]] == [below.name, above.name, beside.name]
    assert document["order"][2]["needs"] == [above.id]
    assert document["order"][1]["needs"] == [below.id]
    assert document["order"][1]["reasons"] == ["builds on backend-below"]
