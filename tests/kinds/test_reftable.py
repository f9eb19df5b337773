"""Both days in repositories whose references are a reftable; they need a git of 2.45 or newer."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.kinds.days import Place, agents_day, persons_day
from tests.support.formats import converted, newer_git
from tests.support.program import RunsCcc
from tests.support.repository import Repo

FORMATS = {
    "sha1": ("--ref-format=reftable",),
    "sha256": ("--ref-format=reftable", "--object-format=sha256"),
}
pytestmark = pytest.mark.slow


@pytest.fixture(params=FORMATS)
def place(
    request: pytest.FixtureRequest, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Place:
    """An ordinary checkout with the history of `repo`, worked with by a newer git throughout."""
    newer_git(monkeypatch, tmp_path / "newer git")
    made = converted(repo, tmp_path / "tables", *FORMATS[request.param])
    assert (made.path / ".git" / "reftable").is_dir()
    return Place.of(made)


def test_a_persons_day_with_reftable(place: Place, ccc_inline: RunsCcc) -> None:
    def on_its_branch(tree: Repo) -> None:
        shown = place.run(ccc_inline, "status", tree.path.name, "--json").json["sessions"][0]
        assert not [each for each in shown["evidence"] if "on branch" in each["what"]]

    persons_day(place, ccc_inline, on_its_branch)


def test_an_agents_day_with_reftable(place: Place, ccc_inline: RunsCcc, tmp_path: Path) -> None:
    agents_day(place, ccc_inline, tmp_path)


def test_a_branch_switched_in_a_session_is_seen_with_reftable(place: Place, ccc_inline: RunsCcc) -> None:
    place.run(ccc_inline, "init")
    names = []
    for task in ("One", "Two", "Three", "Four"):
        made = place.run(ccc_inline, "spawn", "backend", task, "--no-start", "--json").json["sessions"][0]
        names.append(made["name"])
    trees = [Repo(place.home.path.parent / "tables.ccc" / name) for name in names]
    trees[0].git("checkout", "-q", "-b", "elsewhere")
    for tree in (trees[1], trees[3]):
        tree.git("checkout", "-q", "--detach")
    said = place.run(ccc_inline, "status", "--json").json["sessions"]
    words = {each["name"]: "; ".join(line["what"] for line in each["evidence"]) for each in said}
    assert "on branch elsewhere instead of ccc/backend/one" in words["backend-one"]
    assert "on branch" not in words["backend-three"]
    for number, slug in ((1, "two"), (3, "four")):
        commit = trees[number].git("rev-parse", "--short=7", "HEAD")
        assert f"HEAD is detached at {commit} instead of on ccc/backend/{slug}" in words[f"backend-{slug}"]
    # An admin directory that git cannot read does not hide the others.
    admin = place.home.common / "worktrees" / "ccc-backend-two"
    (admin / "reftable" / "tables.list").write_bytes(b"garbage\n")
    said = place.run(ccc_inline, "status", "--json").json["sessions"]
    words = {each["name"]: "; ".join(line["what"] for line in each["evidence"]) for each in said}
    assert "on branch elsewhere" in words["backend-one"]


def test_a_lock_left_on_the_tables_is_named_and_removed_with_reftable(
    place: Place, ccc_inline: RunsCcc
) -> None:
    place.run(ccc_inline, "init")
    lock = place.home.common / "reftable" / "tables.list.lock"
    lock.touch()
    busy = place.run(ccc_inline, "note", "Wait", exit=4)
    assert str(lock) in busy.stderr
    subprocess.run(["touch", "-d", "2 minutes ago", lock], check=True)
    place.run(ccc_inline, "note", "Go on")
    assert not lock.exists()
    place.sound(ccc_inline)
