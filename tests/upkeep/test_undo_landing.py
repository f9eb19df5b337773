"""Taking a landing back."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccc.domain.sessions import Session
from ccc.ops import undoings
from tests.support.program import RunsCcc
from tests.support.repository import Repo
from tests.upkeep.conftest import Place, status_of

pytestmark = pytest.mark.slow

UNDOING = (
    "undo-swapped",
    "undo-checked-out",
    "undo-recorded",
    "undo-branch-moved",
    "undo-branch-back",
)


@pytest.fixture
def landed(place: Place) -> Session:
    """A session with one landed commit, whose branch has been advanced; no drain runs in the background."""
    place.workspace.layout.drain_script.write_text("#!/bin/sh\n")
    session = place.spawn()
    place.tree(session).commit("Add login", {"login": "one\n"})
    place.land(session)
    return place.session(session.name)


def test_a_landing_nobody_built_on_is_moved_back(place: Place, landed: Session, ccc_inline: RunsCcc) -> None:
    assert landed.landed is not None
    undone = ccc_inline("undo", landed.name, exit=0)
    assert undone.stdout == (
        f"landing {landed.landed.commit[:7]} of {landed.name} is undone: main is back at "
        f"{landed.landed.base[:7]}\n"
    )
    assert place.repo.oid("main") == landed.landed.base
    assert status_of(place.repo) == "## main\0"
    assert not (place.repo.path / "login").exists()
    tree = place.tree(landed)
    assert tree.oid() == landed.landed.head
    assert status_of(tree) == f"## {landed.branch}\0"
    assert (tree.path / "login").exists()


def test_an_undone_landing_is_recorded_and_no_tampering_reported(
    place: Place, landed: Session, ccc_inline: RunsCcc
) -> None:
    assert landed.landed is not None
    ccc_inline("undo", landed.name, exit=0)
    after = place.session(landed.name)
    assert after.landed is None
    assert after.head == landed.landed.head
    assert place.subjects()[-1] == (
        f"main: undid landing {landed.landed.commit[:7]} of {landed.name}, back to {landed.landed.base[:7]}"
    )
    assert not [line for line in place.subjects() if "outside ccc" in line]


def test_an_undone_landing_needs_a_new_approval_and_can_land_again(place: Place, landed: Session) -> None:
    from ccc.ops.landing.review import review
    from ccc.ops.undo import undo

    undo(place.workspace, landed.name)
    assert not review(place.workspace, landed.name).approvals
    again = place.land(place.session(landed.name))
    assert place.repo.oid("main") == again.commit
    assert (place.repo.path / "login").exists()


def test_a_pushed_landing_is_reverted(
    place: Place, landed: Session, ccc_inline: RunsCcc, tmp_path: Path
) -> None:
    assert landed.landed is not None
    place.repo.git("init", "-q", "--bare", str(tmp_path / "origin"))
    place.repo.git("remote", "add", "origin", str(tmp_path / "origin"))
    place.repo.git("push", "-q", "origin", "main")
    document = ccc_inline("undo", landed.name, "--json", exit=0).json
    tip = place.repo.oid("main")
    assert document["landing"] == {
        "commit": landed.landed.commit,
        "target": "main",
        "tip": tip,
        "how": "reverted",
    }
    assert place.repo.oid("main^") == landed.landed.commit
    assert place.repo.oid("main^{tree}") == place.repo.oid(f"{landed.landed.base}^{{tree}}")
    assert status_of(place.repo) == "## main\0"
    assert f"Ccc-Undo: {landed.landed.commit}" in place.repo.git("log", "-1", "--format=%B", "main")
    assert not [line for line in place.subjects() if "outside ccc" in line]


def test_a_landing_others_built_on_is_reverted_and_their_work_stays(
    place: Place, landed: Session, ccc_inline: RunsCcc
) -> None:
    place.repo.commit("Build on it", {"other": "two\n"})
    undone = ccc_inline("undo", landed.name, exit=0)
    assert "main has it reverted by" in undone.stdout
    assert f"{landed.branch} has all of it, and can land again" in undone.stdout
    assert (place.repo.path / "other").exists()
    assert not (place.repo.path / "login").exists()
    assert place.session(landed.name).landed is None


def test_a_conflicting_undo_changes_nothing(place: Place, landed: Session, ccc_inline: RunsCcc) -> None:
    assert landed.landed is not None
    tip = place.repo.commit("Change the same", {"login": "two\n"})
    refused = ccc_inline("undo", landed.name, exit=3)
    assert refused.stderr == (
        f"error: undoing the landing of {landed.name} conflicts with what came after it in login\n"
        f"hint: resolve it by hand on main: git revert -m 1 {landed.landed.commit[:7]}\n"
    )
    assert place.repo.oid("main") == tip
    assert place.session(landed.name).landed == landed.landed
    assert undoings.read(place.workspace.layout) is None


def test_a_dirty_checkout_refuses(place: Place, landed: Session, ccc_inline: RunsCcc) -> None:
    tip = place.repo.oid("main")
    place.repo.write("README.md", "changed\n")
    refused = ccc_inline("undo", landed.name, exit=1)
    assert refused.stderr.startswith(f"error: {place.repo.path} has uncommitted changes: README.md\n")
    assert place.repo.oid("main") == tip
    assert undoings.read(place.workspace.layout) is None


def test_a_session_that_went_on_keeps_its_branch(place: Place, landed: Session, ccc_inline: RunsCcc) -> None:
    head = place.tree(landed).commit("Go on", {"more": "three\n"})
    undone = ccc_inline("undo", landed.name, exit=0)
    assert f"{landed.branch} has gone on since the landing and stays as it is" in undone.stdout
    assert place.tree(landed).oid() == head


def test_a_dirty_session_keeps_its_branch_and_its_changes(
    place: Place, landed: Session, ccc_inline: RunsCcc
) -> None:
    assert landed.landed is not None
    place.tree(landed).write("login", "uncommitted\n")
    undone = ccc_inline("undo", landed.name, exit=0)
    assert f"{landed.branch} stays at" in undone.stdout
    assert (place.tree(landed).path / "login").read_text() == "uncommitted\n"
    assert place.repo.oid("main") == landed.landed.base


def test_a_landing_taken_off_by_hand_is_only_recorded(
    place: Place, landed: Session, ccc_inline: RunsCcc
) -> None:
    assert landed.landed is not None
    place.repo.git("reset", "-q", "--hard", landed.landed.base)
    undone = ccc_inline("undo", landed.name, exit=0)
    assert "main did not contain it any more" in undone.stdout
    assert place.session(landed.name).landed is None


def test_agents_undo_no_landing(place: Place, landed: Session, ccc_inline: RunsCcc) -> None:
    tip = place.repo.oid("main")
    refused = ccc_inline("undo", landed.name, env={"CCC_SESSION": landed.id}, exit=3)
    assert refused.stderr == (
        "error: undoing a landing needs a person, and this call comes from inside an agent "
        "(CCC_SESSION is set)\n"
        f"hint: ask the human to run, in the main checkout: git ccc undo {landed.name}\n"
    )
    assert place.repo.oid("main") == tip


def test_the_younger_of_close_and_landing_is_undone_first(
    place: Place, landed: Session, ccc_inline: RunsCcc
) -> None:
    assert landed.landed is not None
    ccc_inline("close", landed.name, exit=0)
    assert " is back in " in ccc_inline("undo", landed.name, exit=0).stdout
    assert " is undone: " in ccc_inline("undo", landed.name, exit=0).stdout
    assert ccc_inline("undo", landed.name, exit=1).stderr.startswith("error: nothing to undo")


def test_an_undoing_killed_before_it_began_is_forgotten(
    place: Place, landed: Session, ccc_inline: RunsCcc
) -> None:
    tip = place.repo.oid("main")
    place.killed_at("undo-intended", "undo", landed.name)
    ccc_inline("doctor", "--fix", exit=0)
    assert place.repo.oid("main") == tip
    assert place.session(landed.name).landed == landed.landed


@pytest.mark.parametrize(
    ("point", "command"),
    [
        *((point, ("undo", "NAME")) for point in UNDOING),
        ("undo-swapped", ("doctor", "--fix")),
        ("undo-recorded", ("drain",)),
    ],
)
def test_an_undoing_killed_anywhere_is_finished_by_the_next_command(
    place: Place, landed: Session, point: str, command: tuple[str, ...], ccc_inline: RunsCcc
) -> None:
    assert landed.landed is not None
    place.killed_at(point, "undo", landed.name)
    ccc_inline(*(landed.name if word == "NAME" else word for word in command), exit=0)
    assert place.repo.oid("main") == landed.landed.base
    assert status_of(place.repo) == "## main\0"
    tree: Repo = place.tree(landed)
    assert tree.oid() == landed.landed.head
    assert status_of(tree) == f"## {landed.branch}\0"
    assert place.session(landed.name).landed is None
    assert not [line for line in place.subjects() if "outside ccc" in line]
    assert undoings.read(place.workspace.layout) is None
