"""A sparse main checkout: sessions are as sparse as it is, and what they do not see is not lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ccc.git.repository import discover
from ccc.git.scratch import scratch
from ccc.layout import Layout
from tests.kinds import places
from tests.kinds.conftest import Spawns
from tests.kinds.places import Makes
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("make", [places.sparse_cone, places.sparse_patterns])
def test_a_session_is_as_sparse_as_the_checkout_and_lands_whole(
    make: Makes, repo: Repo, ccc_inline: RunsCcc, spawned: Spawns, tmp_path: Path
) -> None:
    place = make(repo, tmp_path)
    tree = spawned(place)
    seen = {path.name for path in tree.path.iterdir()} - {".git", ".ccc", ".claude", ".gitignore"}
    assert seen == {path.name for path in repo.path.iterdir()} - {".git", ".gitignore"}
    assert (tree.path / ".ccc" / "sessions" / "backend-a-part" / "brief.md").exists()
    assert tree.git("status", "--porcelain") == ""
    report = "---\nstatus: done\n---\nThe part is done.\n"
    tree.commit("Do it", {"src/part.txt": "1\n", ".ccc/sessions/backend-a-part/report.md": report})
    place.run(ccc_inline, "merge", "backend-a-part", "--yes")
    assert {"docs/guide.md", "src/part.txt"} <= place.files()
    assert not (repo.path / "docs").exists()
    place.untouched()


def test_checks_see_everything(repo: Repo, ccc_inline: RunsCcc, spawned: Spawns, tmp_path: Path) -> None:
    checks = "checks:\n  - run: test -f docs/guide.md && test -f src/part.txt\n"
    role = f"---\ndescription: Careful\n{checks}---\nBe careful.\n"
    repo.commit("Add a role", {".ccc/roles/careful.md": role})
    place = places.sparse_patterns(repo, tmp_path)
    place.run(ccc_inline, "init")
    made = place.run(ccc_inline, "spawn", "careful", "A part", "--no-start", "--json").json["sessions"][0]
    tree = Repo(Path(made["worktree"]))
    tree.commit("Do it\n\nCcc-Status: done", {"src/part.txt": "1\n"})
    place.run(ccc_inline, "wait", made["name"], "--timeout", "30")
    assert place.status(ccc_inline, made["name"]) == "verified"


@pytest.mark.parametrize("make", [places.sparse_cone, places.sparse_patterns])
def test_scratch_work_trees_are_whole(make: Makes, repo: Repo, ccc_inline: RunsCcc, tmp_path: Path) -> None:
    place = make(repo, tmp_path)
    place.run(ccc_inline, "init")
    repository = discover(repo.path, os.environ)
    for _ in range(2):  # fresh, and used again
        with scratch(repository, Layout(repository.common), "HEAD") as folder:
            assert (folder / "docs" / "guide.md").exists()
            assert (folder / "src" / "app.py").exists()
