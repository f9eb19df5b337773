"""Before a command takes something away, all that was recorded is in a bundle that git alone can read."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ccc.ops import bundles
from tests.support.program import RunsCcc
from tests.support.repository import Repo
from tests.upkeep.conftest import Place


def files(place: Place) -> list[Path]:
    folder = place.workspace.layout.root / "bundles"
    return sorted(folder.glob("*.bundle")) if folder.exists() else []


def heads(place: Place, bundle: Path) -> dict[str, str]:
    lines = place.repo.git("bundle", "list-heads", str(bundle)).splitlines()
    return {name: oid for oid, name in (line.split(" ") for line in lines)}


def test_close_keeps_what_is_recorded_and_the_branch(place: Place, ccc_inline: RunsCcc) -> None:
    session = place.spawn()
    place.tree(session).commit("Work", {"a.txt": "a\n"})
    ccc_inline("status", exit=0)
    branch = place.repo.oid(session.branch)
    ccc_inline("close", session.name, exit=0)
    [bundle] = files(place)
    assert bundle.name.endswith("-close.bundle")
    found = heads(place, bundle)
    assert found[f"refs/heads/{session.branch}"] == branch
    assert place.repo.git("merge-base", "--is-ancestor", found["refs/ccc"], "refs/ccc") == ""


@pytest.mark.slow
def test_a_repository_lost_comes_back_from_its_bundles(
    place: Place, ccc_inline: RunsCcc, tmp_path: Path
) -> None:
    for number in range(7):
        session = place.spawn(f"Part {number}")
        place.tree(session).commit("Work", {f"{number}.txt": "a\n"})
        ccc_inline("close", session.name, exit=0)
    kept = files(place)  # a whole one may have been made behind the back, too
    assert len([bundle for bundle in kept if bundle.stem.endswith("-close")]) == 7
    last = heads(place, kept[-1])["refs/ccc"]
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(place.repo.path), str(clone)], check=True, timeout=60)
    repo = Repo(clone)
    for bundle in kept:
        repo.git("fetch", "-q", str(bundle), "+refs/ccc:refs/ccc")
    assert repo.oid("refs/ccc") == last
    assert repo.git("fsck", "--strict", "--no-dangling") == ""


@pytest.mark.slow
def test_only_the_newest_are_kept_and_stand_on_nothing_older(
    place: Place, ccc_inline: RunsCcc, tmp_path: Path
) -> None:
    for number in range(bundles.KEPT + 4):
        ccc_inline("note", f"number {number}", exit=0)
        assert bundles.keep(place.workspace, "test").path is not None
    kept = files(place)
    assert len(kept) == bundles.KEPT
    repo = Repo(tmp_path / "fresh")
    subprocess.run(["git", "init", "-q", str(repo.path)], check=True)
    for bundle in kept[-4:]:
        repo.git("fetch", "-q", str(bundle), "+refs/ccc:refs/ccc")
    assert repo.oid("refs/ccc") == place.repo.oid("refs/ccc")


@pytest.mark.slow
def test_a_whole_bundle_is_made_behind_the_back_when_one_is_due(place: Place, ccc_inline: RunsCcc) -> None:
    assert bundles.complete(place.workspace) is None
    for number in range(bundles.WHOLE_EVERY):
        ccc_inline("note", f"number {number}", exit=0)
        bundles.keep(place.workspace, "test")
    whole = bundles.complete(place.workspace)
    assert whole is not None
    assert place.repo.git("bundle", "verify", "-q", str(whole)) == ""
    assert heads(place, whole) == {"refs/ccc": place.repo.oid("refs/ccc")}
    assert bundles.keep(place.workspace, "test").path is None
    assert bundles.complete(place.workspace) is None


def test_what_is_in_a_bundle_already_is_not_written_again(place: Place) -> None:
    place.spawn()
    assert bundles.keep(place.workspace, "first").path is not None
    assert bundles.keep(place.workspace, "again").path is None
    assert len(files(place)) == 1


@pytest.mark.slow
def test_without_its_files_the_next_bundle_is_whole(place: Place) -> None:
    place.spawn()
    [first] = [bundles.keep(place.workspace, "first").path]
    assert first is not None
    first.unlink()
    again = bundles.keep(place.workspace, "again").path
    assert again is not None
    assert "refs/ccc" in heads(place, again)


@pytest.mark.slow
def test_undo_keeps_the_target_it_moves_back(place: Place, ccc_inline: RunsCcc) -> None:
    session = place.spawn()
    place.tree(session).commit("Work", {"a.txt": "a\n"})
    landing = place.land(session)
    ccc_inline("undo", session.name, exit=0)
    [bundle] = files(place)
    assert heads(place, bundle)["refs/heads/main"] == landing.commit


@pytest.mark.slow
def test_a_bundle_that_cannot_be_made_is_said_and_stops_nothing(place: Place, ccc_inline: RunsCcc) -> None:
    session = place.spawn()
    place.tree(session).commit("Work", {"a.txt": "a\n"})
    ccc_inline("report", "--done", "--session", session.name, exit=0)
    blob = place.repo.git("ls-tree", "-r", "refs/ccc~1", "sessions").split()[2]
    (place.workspace.layout.common / "objects" / blob[:2] / blob[2:]).unlink()
    outcome = ccc_inline("close", session.name, exit=0)
    assert "no bundle could be made first: git bundle: " in outcome.stdout + outcome.stderr
