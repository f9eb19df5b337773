"""Where checkouts, git directories and submodules lie, seen from sessions."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ccc.git.repository import discover
from tests.kinds import places
from tests.kinds.conftest import Spawns
from tests.kinds.days import persons_day
from tests.kinds.places import Makes
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("make", [places.separate, places.git_dir_set])
def test_a_main_checkout_that_git_does_not_name_is_remembered(
    make: Makes, repo: Repo, spawned: Spawns, tmp_path: Path
) -> None:
    place = make(repo, tmp_path)
    tree = spawned(place)
    seen = discover(tree.path, os.environ)
    assert (seen.bare, seen.main_top, seen.worktree_id) == (False, place.home.path, "ccc-backend-a-part")
    inside = discover(seen.common, os.environ)
    assert (inside.bare, inside.main_top) == (False, place.home.path)


def test_a_checkout_that_came_to_lie_beside_its_git_directory_is_not_remembered(
    repo: Repo, ccc_inline: RunsCcc, tmp_path: Path
) -> None:
    place = places.separate(repo, tmp_path)
    place.run(ccc_inline, "init")
    (place.home.path / ".git").unlink()
    (tmp_path / "data.git").rename(place.home.path / ".git")
    place.run(ccc_inline, "init")
    assert not (place.home.path / ".git" / "ccc" / "checkout").exists()
    place.run(ccc_inline, "doctor")


def test_submodules_checked_out_in_a_session_come_and_go_with_it(
    repo: Repo, ccc_inline: RunsCcc, tmp_path: Path
) -> None:
    def check_out(tree: Repo) -> None:
        tree.git("submodule", "--quiet", "update", "--init")
        assert (tree.path / "lib/part/src/app.py").exists()

    place = places.superproject(repo, tmp_path)
    persons_day(place, ccc_inline, check_out)
    assert (place.home.path / "lib/part/src/app.py").exists()


def test_a_bare_repositorys_roles_come_from_the_worktree_at_hand_else_from_head(
    repo: Repo, ccc_inline: RunsCcc, tmp_path: Path
) -> None:
    repo.commit("Add a role", {".ccc/roles/committed.md": "---\ndescription: Committed\n---\nWork.\n"})
    place = places.bare_with_worktrees(repo, tmp_path)
    place.home.write(".ccc/roles/edited.md", "---\ndescription: Edited\n---\nWork.\n")
    place.run(ccc_inline, "init")
    at_hand = place.run(ccc_inline, "roles").stdout
    assert "committed" in at_hand
    assert "edited" in at_hand
    in_bare = place.run(ccc_inline, "roles", cwd=tmp_path / "shared.git").stdout
    assert "committed" in in_bare
    assert "edited" not in in_bare
    place.run(ccc_inline, "init", "--files")
    assert (place.home.path / ".ccc" / "config.toml").exists()


def test_in_a_bare_repository_nothing_is_read_from_a_sessions_branch(
    repo: Repo, ccc_inline: RunsCcc, tmp_path: Path, spawned: Spawns
) -> None:
    place = places.bare(repo, tmp_path)
    tree = spawned(place)
    tree.write(".ccc/roles/planted.md", "---\ndescription: Planted\n---\nWork.\n")
    for where in (tree.path, place.stand):
        assert "planted" not in place.run(ccc_inline, "roles", cwd=where).stdout
