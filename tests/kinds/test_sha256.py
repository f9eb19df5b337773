"""Both days in a repository whose objects are named by SHA-256, and what only matters there."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccc.git.command import Git
from tests.kinds.days import Place, agents_day, persons_day
from tests.support.formats import converted
from tests.support.program import RunsCcc
from tests.support.repository import Repo


@pytest.fixture
def place(repo: Repo, tmp_path: Path) -> Place:
    """An ordinary checkout with the history of `repo`."""
    made = converted(repo, tmp_path / "sha256", "--object-format=sha256")
    assert len(made.oid()) == 64
    return Place.of(made)


@pytest.mark.slow
def test_a_session_lands_and_all_that_is_recorded_has_long_ids(place: Place, ccc_inline: RunsCcc) -> None:
    place.run(ccc_inline, "init")
    doctor = place.run(ccc_inline, "doctor", "--json", exit=None).json
    [backend] = [each for each in doctor["checks"] if each["name"] == "backend"]
    assert (backend["ok"], backend["what"]) == (True, "the git program: its objects are named by SHA-256")
    made = place.run(ccc_inline, "spawn", "backend", "A part", "--no-start", "--json").json["sessions"][0]
    tree = Repo(Path(made["worktree"]))
    head = tree.commit("Do it\n\nCcc-Status: done", {"part.txt": "one\n"})
    place.run(ccc_inline, "merge", made["name"], "--yes")
    shown = place.run(ccc_inline, "show", made["name"], "--json").json
    assert {len(shown["head"]), len(shown["base"]), len(head)} == {64}
    state = place.home.git("ls-tree", "-r", "refs/ccc", "sessions")
    assert {len(line.split()[2]) for line in state.splitlines()} == {64}
    assert place.home.git("fsck", "--strict", "--no-dangling") == ""
    place.sound(ccc_inline)


@pytest.mark.slow
def test_a_persons_day(place: Place, ccc_inline: RunsCcc) -> None:
    persons_day(place, ccc_inline)
    assert Git(place.stand).text("rev-parse", "--show-object-format") == "sha256"


@pytest.mark.slow
def test_an_agents_day(place: Place, ccc_inline: RunsCcc, tmp_path: Path) -> None:
    agents_day(place, ccc_inline, tmp_path)
