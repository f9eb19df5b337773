"""The matrix of sessions: each pair that conflicts, and each with its target."""

from __future__ import annotations

import os

import pytest

from ccc.ops.radar.check import LOCK
from ccc.ops.radar.matrix import Matrix, matrix
from ccc.ops.workspace import Workspace
from ccc.store.lock import locked
from tests.flow.conftest import Spawns
from tests.support.program import RunsCcc
from tests.support.repository import Repo
from tests.support.settling import settle, still

Rows = list[tuple[str, str, str, list[str]]]


def looked(repo: Repo) -> Matrix:
    """A look under the lock of the radar, as ccc takes it: each round clears away what is left of others."""
    workspace = Workspace.open(repo.path, os.environ)
    with locked(workspace.layout.root / LOCK, timeout=60):
        return matrix(workspace)


def rows(seen: Matrix) -> Rows:
    return [(each.a.name, each.b.name, each.kind, [f.path for f in each.files]) for each in seen.conflicts]


def test_sessions_that_change_the_same_lines_conflict_with_each_other_and_the_target(
    ready: Repo, spawn: Spawns
) -> None:
    ready.commit("Base", {"app.py": "a = 1\n", "b.py": "b\n"})
    one, two, three = spawn("backend", "One"), spawn("backend", "Two"), spawn("backend", "Three")
    one.tree.commit("One", {"app.py": "a = 2\n"})
    two.tree.commit("Two", {"app.py": "a = 3\n"})
    three.tree.commit("Three", {"b.py": "c\n"})
    seen = looked(ready)
    assert rows(seen) == [(one.name, two.name, "text", ["app.py"])]
    assert seen.target == "main"
    assert seen.touched == {one.id: {"app.py"}, two.id: {"app.py"}, three.id: {"b.py"}}
    ready.git("rm", "-q", "b.py")
    ready.commit("Gone")
    again = looked(ready)
    assert rows(again) == [("main", three.name, "structure", ["b.py"]), *rows(seen)]
    assert again.merged == 1


def test_a_folder_renamed_by_one_moves_what_the_other_adds_and_is_a_conflict(
    ready: Repo, spawn: Spawns
) -> None:
    ready.commit("Base", {"lib/a.py": "a\n" * 9, "lib/b.py": "b\n" * 9})
    one, two = spawn("backend", "One"), spawn("backend", "Two")
    one.tree.git("mv", "lib", "place")
    one.tree.commit("Move")
    two.tree.commit("Add", {"lib/new.py": "new\n"})
    assert rows(looked(ready)) == [(one.name, two.name, "structure", ["place/new.py"])]


@pytest.mark.slow
def test_closed_and_landed_sessions_are_no_part_of_it(ready: Repo, spawn: Spawns, ccc: RunsCcc) -> None:
    ready.commit("Base", {"app.py": "a = 1\n"})
    one, two = spawn("backend", "One"), spawn("backend", "Two")
    one.tree.commit("One\n\nCcc-Status: done", {"app.py": "a = 2\n"})
    two.tree.commit("Two", {"app.py": "a = 3\n"})
    ccc("merge", one.name, "--yes", exit=0)
    assert rows(looked(ready)) == [("main", two.name, "text", ["app.py"])]
    ccc("close", two.name, exit=0)
    assert rows(looked(ready)) == []


def test_the_files_of_sessions_themselves_do_not_count(ready: Repo, spawn: Spawns) -> None:
    one, two = spawn("backend", "One"), spawn("backend", "Two")
    one.tree.commit("One", {".ccc/sessions/x/y": "1\n"})
    two.tree.commit("Two", {".ccc/sessions/x/y": "2\n"})
    assert rows(looked(ready)) == []


def test_no_object_and_no_reference_is_left_by_a_look(ready: Repo, spawn: Spawns) -> None:
    ready.commit("Base", {"app.py": "a = 1\n"})
    one, two = spawn("backend", "One"), spawn("backend", "Two")
    one.tree.commit("One", {"app.py": "a = 2\n", "x/y": "1"})
    two.tree.commit("Two", {"app.py": "a = 3\n", "x/z": "1"})
    looked(ready)
    two.tree.commit("More", {"app.py": "a = 4\n"})
    settle(ready)
    with still(ready):
        before = ready.git("count-objects", "-v"), ready.git("for-each-ref")
        assert len(rows(looked(ready))) == 1
        assert (ready.git("count-objects", "-v"), ready.git("for-each-ref")) == before
