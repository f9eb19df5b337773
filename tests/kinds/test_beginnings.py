"""Repositories without a commit, and commands started where a session works."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kinds import places
from tests.kinds.conftest import Spawns
from tests.kinds.days import Place
from tests.support.program import Program, RunsCcc
from tests.support.repository import Repo

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("options", [[], ["--bare"]])
def test_an_empty_repository_is_ready_and_says_what_is_missing(
    tmp_path: Path, ccc_inline: RunsCcc, options: list[str]
) -> None:
    empty = Repo(tmp_path / "empty")
    empty.path.mkdir()
    empty.git("init", "-q", "--template=", *options)
    place = Place(empty, empty.path, None if options else empty)
    for words in (["init"], ["status"], [], ["log"], ["handoff"], ["inbox"], ["doctor"], ["roles"], ["fsck"]):
        place.run(ccc_inline, *words)
    refused = place.run(ccc_inline, "spawn", "backend", "A part", "--no-start", exit=1)
    assert refused.stderr.startswith("error: branch main has no commit yet\nhint: git ")
    if options:
        tree = empty.git("mktree", stdin="")
        empty.git("update-ref", "refs/heads/main", empty.git("commit-tree", tree, "-m", "Begin"))
    else:
        empty.git("commit", "-q", "--allow-empty", "-m", "Begin")
    place.run(ccc_inline, "spawn", "backend", "A part", "--no-start")
    place.untouched()


def test_commands_work_where_a_session_works_and_decisions_do_not(
    repo: Repo, ccc_inline: RunsCcc, spawned: Spawns, tmp_path: Path
) -> None:
    place = places.linked(repo, tmp_path)
    tree = spawned(place, "A part", "--into", "main")
    tree.commit("Do it\n\nCcc-Status: done", {"src/part.txt": "1\n"})
    inside = Program(tree.path / "src")
    for reading in (
        ["status"],
        ["show", "backend-a-part"],
        ["log"],
        ["handoff"],
        ["review", "backend-a-part"],
    ):
        assert "backend-a-part" in inside(*reading, exit=0).stdout
    child = inside("spawn", "backend", "Child", "--no-start", "--into", "main", "--json", exit=0)
    made = child.json["sessions"][0]
    assert Path(made["worktree"]).parent == tmp_path / "repo.ccc"
    assert made["parent"] is not None
    for deciding in (["approve", "backend-a-part"], ["merge", "backend-a-part", "--yes"]):
        assert inside(*deciding).exit == 3
    place.run(ccc_inline, "merge", "backend-a-part", "--yes")
    assert "src/part.txt" in place.files()
    place.sound(ccc_inline)
