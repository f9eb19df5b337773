"""What becomes of a session whose landing was reverted: it lands again whole, or what is missing is said."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from ccc.domain.sessions import Session
from ccc.ops import undoings
from tests.support.program import RunsCcc
from tests.upkeep.conftest import Place, status_of

pytestmark = pytest.mark.slow

DONE = "\n\nCcc-Status: done"
METHODS = ("merge", "squash", "rebase")
STEPS = (
    "undo-intended",
    "undo-swapped",
    "undo-checked-out",
    "land-files-moved",
    "undo-branch-moved",
    "undo-branch-back",
    "undo-recorded",
)


@pytest.fixture
def method() -> str:
    return "merge"


@pytest.fixture
def landed(place: Place, method: str, ccc_inline: RunsCcc) -> Session:
    """A session that landed two commits, another one landed after it; no drain runs in the background."""
    place.workspace.layout.drain_script.write_text("#!/bin/sh\n")
    place.repo.commit("Rule", {".ccc/config.toml": f'[land]\nmethod = "{method}"\n'})
    one, two = place.spawn("one"), place.spawn("two")
    place.tree(one).commit("Begin", {"a": "1\n"})
    place.tree(one).commit(f"Add a{DONE}", {"a": "1\n2\n", "src/app.py": "changed\n"})
    place.tree(two).commit(f"Add b{DONE}", {"b": "1\n"})
    for each in (one, two):
        ccc_inline("merge", each.name, "--yes", exit=0)
    return place.session(one.name)


def titles(ccc: RunsCcc) -> list[str]:
    return [one["title"] for one in ccc("inbox", "--json", exit=0).json["items"]]


def status(ccc: RunsCcc, session: Session) -> tuple[str, str]:
    """The status in a word, and its first evidence."""
    sessions = ccc("status", "--json", exit=0).json["sessions"]
    [found] = [one for one in sessions if one["id"] == session.id]
    return found["status"], found["evidence"][0]["what"]


def has_it(place: Place) -> bool:
    """Whether the target and its checkout have all that the session landed."""
    assert status_of(place.repo) == "## main\0"
    files = [place.repo.path / name for name in ("a", "src/app.py")]
    return [file.read_text() if file.exists() else "" for file in files] == ["1\n2\n", "changed\n"]


@pytest.mark.parametrize("method", METHODS)
def test_it_lands_again_whole(place: Place, landed: Session, ccc_inline: RunsCcc) -> None:
    undone = ccc_inline("undo", landed.name, exit=0)
    assert f"{landed.branch} has all of it, and can land again" in undone.stdout
    assert not has_it(place)
    after = place.session(landed.name)
    tree = place.tree(landed)
    assert (after.head, status_of(tree)) == (tree.oid(), f"## {landed.branch}\0")
    assert (tree.path / "a").read_text() == "1\n2\n"
    assert (tree.path / "b").exists()
    assert status(ccc_inline, landed)[0] == "reported"
    assert not [each for each in titles(ccc_inline) if "after it had reported" in each or "moved" in each]
    shown = ccc_inline("review", landed.name, "--json", exit=0).json
    assert shown["approvals"] == []
    ccc_inline("merge", landed.name, "--yes", exit=0)
    assert has_it(place)
    assert (place.repo.path / "b").exists()
    assert place.session(landed.name).landed is not None


@pytest.mark.parametrize("method", METHODS)
def test_what_comes_after_the_undo_lands_together_with_it(
    place: Place, landed: Session, ccc_inline: RunsCcc
) -> None:
    ccc_inline("undo", landed.name, exit=0)
    place.tree(landed).commit(f"More{DONE}", {"more": "1\n"})
    merged = ccc_inline("merge", landed.name, "--yes", exit=0)
    assert "lacks" not in merged.stdout
    assert has_it(place)
    assert (place.repo.path / "more").exists()


def test_an_undoing_by_revert_twice(place: Place, landed: Session, ccc_inline: RunsCcc) -> None:
    for _ in range(2):
        ccc_inline("undo", landed.name, exit=0)
        assert not has_it(place)
        place.repo.commit("Meanwhile", {"meanwhile": "1\n"})
        ccc_inline("merge", landed.name, "--yes", exit=0)
        assert has_it(place)
        place.repo.commit("Build on it", {"on": place.repo.oid()})


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("point", STEPS)
def test_killed_anywhere_it_is_finished_by_the_next_command(
    place: Place, landed: Session, point: str, ccc_inline: RunsCcc
) -> None:
    if point == "land-files-moved":  # where files differ on the branch, and few
        place.repo.commit("Meanwhile", {"meanwhile": "1\n"})
    place.killed_at(point, "undo", landed.name)
    ccc_inline("undo", landed.name, exit=0)
    assert undoings.read(place.workspace.layout) is None
    tree, after = place.tree(landed), place.session(landed.name)
    assert (after.landed, after.head, status_of(tree)) == (None, tree.oid(), f"## {landed.branch}\0")
    assert after.undone is not None
    assert after.undone.again == after.head
    assert not [line for line in place.subjects() if "by its own worktree" in line]
    assert len([line for line in place.subjects() if "undid landing" in line]) == 1
    ccc_inline("merge", landed.name, "--yes", exit=0)
    assert has_it(place)


def test_a_session_that_went_on_has_both(place: Place, landed: Session, ccc_inline: RunsCcc) -> None:
    place.tree(landed).commit(f"Go on{DONE}", {"more": "1\n"})
    ccc_inline("undo", landed.name, exit=0)
    ccc_inline("merge", landed.name, "--yes", exit=0)
    assert has_it(place)
    assert (place.repo.path / "more").exists()


def test_without_a_worktree_the_branch_has_it(place: Place, landed: Session, ccc_inline: RunsCcc) -> None:
    shutil.rmtree(place.tree(landed).path)
    ccc_inline("undo", landed.name, exit=0)
    ccc_inline("merge", landed.name, "--yes", exit=0)
    assert has_it(place)
    assert not [each for each in titles(ccc_inline) if "moved" in each]


@pytest.fixture
def left(place: Place, landed: Session, ccc_inline: RunsCcc) -> Session:
    """It has changes in the way of what came to the target since, and so its branch was left alone."""
    place.repo.commit("Meanwhile", {"meanwhile": "1\n"})
    place.tree(landed).write("meanwhile", "mine\n")
    assert "is not brought along" in ccc_inline("undo", landed.name, exit=0).stdout
    return place.session(landed.name)


def test_a_branch_that_was_left_says_what_to_do(place: Place, left: Session, ccc_inline: RunsCcc) -> None:
    assert left.undone is not None
    assert left.undone.by is not None
    had = f"main had it as {left.undone.commit[:7]}, reverted by {left.undone.by[:7]}"
    command = f"git -C {left.worktree} merge main && git -C {left.worktree} revert {left.undone.by[:7]}"
    assert status(ccc_inline, left) == ("reported", f"{had}; to land it again: {command}")
    refused = ccc_inline("merge", left.name, "--yes", exit=1)
    assert refused.stderr.endswith(
        f"error: {left.name} cannot land: nothing to land: {had}\nhint: to land it again: {command}\n"
    )
    shown = ccc_inline("review", left.name, exit=0).stdout
    assert f"  not yet    nothing to land: {had}\n  next       {command}\n" in shown
    assert not [each for each in titles(ccc_inline) if "after it had reported" in each]
    (place.tree(left).path / "meanwhile").unlink()
    subprocess.run(command.replace("revert", "revert --no-edit"), shell=True, check=True, capture_output=True)
    ccc_inline("report", "--done", "--session", left.name, exit=0)
    assert "lacks" not in ccc_inline("review", left.name, exit=0).stdout
    ccc_inline("merge", left.name, "--yes", exit=0)
    assert has_it(place)


@pytest.mark.parametrize("merging", [False, True])
def test_what_would_land_without_the_reverted_work_is_a_warning(
    place: Place, left: Session, ccc_inline: RunsCcc, merging: bool
) -> None:
    tree = place.tree(left)
    (tree.path / "meanwhile").unlink()
    if merging:
        tree.git("merge", "-q", "--no-edit", "main")
    tree.commit(f"More{DONE}", {"more": "1\n"})
    shown = ccc_inline("review", left.name, exit=0).stdout
    assert "  warning    what lands lacks work: main had it as " in shown


def revert_by_hand(place: Place, landed: Session) -> None:
    assert landed.landed is not None
    place.repo.git("revert", "--no-edit", "-m", "1", landed.landed.commit)


def test_what_somebody_reverted_by_hand_is_a_warning(
    place: Place, landed: Session, ccc_inline: RunsCcc
) -> None:
    revert_by_hand(place, landed)
    place.tree(landed).commit(f"More{DONE}", {"more": "1\n"})
    shown = ccc_inline("review", landed.name, exit=0).stdout
    assert landed.landed is not None
    words = f"main had it as {landed.landed.commit[:7]}, and has taken back a, src/app.py"
    assert f"  warning    what lands lacks work: {words}\n" in shown


def test_what_a_session_took_back_itself_is_none(place: Place, landed: Session, ccc_inline: RunsCcc) -> None:
    tree = place.tree(landed)
    (tree.path / "a").unlink()
    tree.commit(f"Without{DONE}", {"more": "1\n"})
    assert "lacks" not in ccc_inline("review", landed.name, exit=0).stdout


def test_what_somebody_reverted_by_hand_can_be_undone_and_landed(
    place: Place, landed: Session, ccc_inline: RunsCcc
) -> None:
    revert_by_hand(place, landed)
    undone = ccc_inline("undo", landed.name, exit=0)
    assert "main did not contain it any more" in undone.stdout
    ccc_inline("merge", landed.name, "--yes", exit=0)
    assert has_it(place)


def test_a_landing_by_push_lands_again(place: Place, ccc_inline: RunsCcc, tmp_path: Path) -> None:
    place.workspace.layout.drain_script.write_text("#!/bin/sh\n")
    place.repo.git("init", "-q", "--bare", str(tmp_path / "origin"))
    place.repo.git("remote", "add", "origin", str(tmp_path / "origin"))
    place.repo.commit("Rule", {".ccc/config.toml": '[land]\nlanding = "push"\n'})
    place.repo.git("push", "-q", "origin", "main")
    session = place.spawn()
    place.tree(session).commit(f"Add a{DONE}", {"a": "1\n2\n", "src/app.py": "changed\n"})
    ccc_inline("merge", session.name, "--yes", exit=0)
    ccc_inline("undo", session.name, exit=0)
    assert not has_it(place)
    assert place.repo.git("ls-remote", "origin", "main").split()[0] == place.repo.oid("main")
    ccc_inline("merge", session.name, "--yes", exit=0)
    assert has_it(place)
    assert place.repo.git("ls-remote", "origin", "main").split()[0] == place.repo.oid("main")
