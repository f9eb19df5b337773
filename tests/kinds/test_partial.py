"""A partial clone whose remote is gone: words, no waiting, and nothing half made."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kinds import places
from tests.kinds.conftest import Spawns
from tests.kinds.days import Place
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = pytest.mark.slow


def cut_off(repo: Repo, folder: Path) -> Place:
    """A partial clone that has an older commit without its blobs, and whose remote is gone."""
    repo.commit("Document it anew", {"docs/guide.md": "Call greet twice.\n", "docs/more.md": "More.\n"})
    place = places.partial(repo, folder)
    repo.path.rename(folder / "gone")
    return place


def test_what_cannot_be_fetched_is_said_and_nothing_is_left(
    repo: Repo, ccc_inline: RunsCcc, tmp_path: Path
) -> None:
    place = cut_off(repo, tmp_path)
    place.run(ccc_inline, "init")
    refused = place.run(ccc_inline, "spawn", "backend", "Old", "--no-start", "--base", "HEAD~1", exit=1)
    error, hint = refused.stderr.splitlines()[:2]
    assert "is not in this partial clone, and its remote does not answer" in error
    assert hint.startswith("hint: ")
    assert "remote" in hint
    assert place.home.git("for-each-ref", "refs/heads/ccc/") == ""
    assert not (tmp_path / "partial.ccc").exists()
    assert place.run(ccc_inline, "status", "--json").json["sessions"] == []


def test_work_that_needs_nothing_from_the_remote_goes_on(
    repo: Repo, ccc_inline: RunsCcc, spawned: Spawns, tmp_path: Path
) -> None:
    place = cut_off(repo, tmp_path)
    tree = spawned(place)
    tree.commit("Do it\n\nCcc-Status: done", {"new.txt": "new\n"})
    for reading in (
        ["status"],
        ["show", "backend-a-part"],
        ["log"],
        ["handoff"],
        ["review", "backend-a-part"],
    ):
        place.run(ccc_inline, *reading)
    place.run(ccc_inline, "merge", "backend-a-part", "--yes")
    assert "new.txt" in place.files()
    place.sound(ccc_inline)
