"""Names that other systems reserve, that differ by case only, or that no path can hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kinds.conftest import Spawns
from tests.kinds.days import Place
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("role", ["a/b", "../up", "NUL", "back\\end", "größe", ""])
def test_a_role_of_any_name_is_answered_in_words(repo: Repo, ccc_inline: RunsCcc, role: str) -> None:
    ccc_inline("init", exit=0)
    refused = ccc_inline("spawn", "--no-start", "--", role, "A part")
    assert refused.exit in (1, 2)
    assert refused.stderr.startswith("error: ")
    assert "hint: " in refused.stderr
    assert repo.git("for-each-ref", "refs/heads/ccc/") == ""


@pytest.mark.parametrize("name", ["../up", "nul.txt", "a\\b", "x" * 50])
def test_a_name_of_any_shape_is_answered_in_words(repo: Repo, ccc_inline: RunsCcc, name: str) -> None:
    ccc_inline("init", exit=0)
    refused = ccc_inline("spawn", "backend", "A part", "--no-start", "--name", name, exit=2)
    assert "is not a name" in refused.stderr
    assert "hint: " in refused.stderr
    assert not (repo.path.parent / "repo.ccc").exists()


@pytest.mark.parametrize("task", ["con", "aux.txt"])
def test_a_task_called_like_a_device_has_a_session(repo: Repo, spawned: Spawns, task: str) -> None:
    tree = spawned(Place.of(repo), task)
    assert tree.path.name.startswith("backend-")
    assert tree.git("branch", "--show-current").startswith("ccc/backend/")


@pytest.mark.parametrize("ignores", ["true", "false"])
def test_names_that_differ_by_case_only_are_no_two_names(
    repo: Repo, ccc_inline: RunsCcc, spawned: Spawns, ignores: str
) -> None:
    repo.git("config", "core.ignorecase", ignores)
    repo.git("branch", "ccc/backend/A-Part")
    first, second = spawned(Place.of(repo)), spawned(Place.of(repo))
    assert [first.path.name, second.path.name] == ["backend-a-part-2", "backend-a-part-3"]
    refused = ccc_inline("spawn", "backend", "x", "--no-start", "--name", "a-part", exit=1)
    assert "is taken" in refused.stderr


def test_a_branch_in_the_way_by_case_only_is_gone_around(
    repo: Repo, ccc_inline: RunsCcc, spawned: Spawns
) -> None:
    repo.git("branch", "Ccc/Backend")
    tree = spawned(Place.of(repo))
    assert tree.git("branch", "--show-current") == "ccc-backend/a-part"


def test_a_path_with_a_newline_is_refused_in_words(repo: Repo, ccc_inline: RunsCcc, tmp_path: Path) -> None:
    repo.path.rename(tmp_path / "two\nlines")
    for words in (["init"], ["status"], []):
        refused = ccc_inline(*words, cwd=tmp_path / "two\nlines", exit=1)
        assert refused.stderr == (
            "error: the path of this repository holds a newline\nhint: rename that folder\n"
        )
