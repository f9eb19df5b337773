"""A shallow clone: work goes on where history is cut, and what needs the rest says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kinds import places
from tests.kinds.conftest import Spawns
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = pytest.mark.slow


def test_sessions_meet_at_the_cut(repo: Repo, ccc_inline: RunsCcc, spawned: Spawns, tmp_path: Path) -> None:
    place = places.shallow(repo, tmp_path)
    one, other = spawned(place, "One"), spawned(place, "Other")
    one.commit("One\n\nCcc-Status: done", {"one.txt": "1\n"})
    other.commit("Other\n\nCcc-Status: done", {"other.txt": "2\n"})
    place.run(ccc_inline, "merge", "backend-one", "--yes")
    shown = place.run(ccc_inline, "status", "backend-other", "--json").json["sessions"][0]
    assert (shown["ahead"], shown["behind"]) == (2, 3)
    place.run(ccc_inline, "merge", "backend-other", "--yes")
    assert {"one.txt", "other.txt"} <= place.files()
    place.untouched()


def test_histories_that_only_meet_beyond_the_cut_are_told_from_conflicts(
    repo: Repo, ccc_inline: RunsCcc, spawned: Spawns, tmp_path: Path
) -> None:
    repo.git("branch", "release", "HEAD~1")
    place = places.shallow(repo, tmp_path)
    place.home.git("fetch", "-q", "--depth=1", "origin", "release:release")
    tree = spawned(place, "A part", "--into", "release", "--base", "main")
    tree.commit("Do it\n\nCcc-Status: done", {"part.txt": "1\n"})
    refused = place.run(ccc_inline, "merge", "backend-a-part", "--yes", exit=1)
    assert "no common history" in refused.stderr
    assert "git fetch --unshallow" in refused.stderr
    place.home.git("fetch", "-q", "--unshallow", "origin")
    place.run(ccc_inline, "merge", "backend-a-part", "--yes")
    assert "part.txt" in place.home.git("ls-tree", "--name-only", "release")
