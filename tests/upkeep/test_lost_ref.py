"""`refs/ccc` deleted or moved back by hand: the next command brings it back, and says so."""

from __future__ import annotations

import shutil

import pytest

from ccc.store import wal
from tests.support.program import RunsCcc
from tests.upkeep.conftest import Place

READING = (
    (),
    ("status",),
    ("status", "--json"),
    ("inbox",),
    ("handoff",),
    ("log",),
    ("queue",),
    ("show", "backend-jwt-auth"),
    ("init",),
    ("spawn", "backend", "Another", "--no-start"),
)


def sessions(ccc: RunsCcc) -> list[str]:
    return [session["name"] for session in ccc("status", "--json", exit=0).json["sessions"]]


def faults(ccc: RunsCcc, exit: int) -> list[tuple[str, str]]:
    return [(each["kind"], each["repair"]) for each in ccc("fsck", "--json", exit=exit).json["faults"]]


@pytest.mark.parametrize(
    "command",
    [READING[2], *(pytest.param(each, marks=pytest.mark.slow) for each in READING if each != READING[2])],
    ids=" ".join,
)
def test_a_deleted_ref_is_brought_back_by_whatever_command_comes_next(
    place: Place, ccc_inline: RunsCcc, command: tuple[str, ...]
) -> None:
    place.spawn()
    tip = place.repo.oid("refs/ccc")
    place.repo.git("update-ref", "-d", "refs/ccc")
    outcome = ccc_inline(*command, exit=0)
    told = f"ccc: refs/ccc was deleted; restored to {tip}, 2 events\n"
    assert told in outcome.stderr
    if "--json" in command:
        assert [each["name"] for each in outcome.json["sessions"]] == ["backend-jwt-auth"]
    assert told not in ccc_inline("status", exit=0).stderr
    assert "backend-jwt-auth" in sessions(ccc_inline)
    assert faults(ccc_inline, 0) == []


def test_doctor_names_a_deleted_ref_and_brings_it_back_when_told_to(
    place: Place, ccc_inline: RunsCcc
) -> None:
    place.spawn()
    tip = place.repo.oid("refs/ccc")
    place.repo.git("update-ref", "-d", "refs/ccc")
    checks = ccc_inline("doctor", "--json", exit=1).json["checks"]
    wrong = [(check["name"], check["what"], check["next"]) for check in checks if not check["ok"]]
    assert wrong == [("tip", f"refs/ccc is gone; it was at {tip}", f"git update-ref refs/ccc {tip}")]
    mended = ccc_inline("doctor", "--fix", exit=0).stderr
    assert f"refs/ccc was deleted; restored to {tip}, 2 events\n" in mended
    assert faults(ccc_inline, 0) == []


@pytest.mark.slow
@pytest.mark.parametrize("command", READING[1:3] + READING[-1:], ids=" ".join)
def test_a_ref_moved_back_goes_forward_before_anything_is_built_on_it(
    place: Place, ccc_inline: RunsCcc, command: tuple[str, ...]
) -> None:
    place.spawn()
    tip, old = place.repo.oid("refs/ccc"), place.repo.oid("refs/ccc~1")
    place.repo.git("update-ref", "refs/ccc", old)
    assert faults(ccc_inline, 1) == [("rolled-back-ref", "git ccc doctor --fix")]
    outcome = ccc_inline(*command, exit=0)
    assert f"ccc: refs/ccc was moved back to {old}; restored to {tip}, 1 event\n" in outcome.stderr
    assert place.repo.git("merge-base", "--is-ancestor", tip, "refs/ccc") == ""
    assert "backend-jwt-auth" in sessions(ccc_inline)
    assert faults(ccc_inline, 0) == []


@pytest.mark.slow
def test_two_histories_with_events_of_their_own_become_one(place: Place, ccc_inline: RunsCcc) -> None:
    place.spawn("First")
    old = place.repo.oid("refs/ccc")
    place.spawn("Second")
    tip = place.repo.oid("refs/ccc")
    place.repo.git("update-ref", "refs/ccc", old)
    tips = place.workspace.layout.tips
    kept = tips.read_text()
    # As an older ccc, that did not look, would have gone on.
    tips.write_text("".join(f"{line}\n" for line in kept.split() if tip not in line))
    shutil.rmtree(wal.done_folder(place.workspace.layout))
    place.spawn("Third")
    elsewhere = place.repo.oid("refs/ccc")
    tips.write_text(kept)
    assert faults(ccc_inline, 1) == [("rolled-back-ref", "git ccc doctor --fix")]
    ccc_inline("doctor", "--fix", exit=0)
    assert set(place.repo.git("log", "-1", "--format=%P", "refs/ccc").split()) == {tip, elsewhere}
    assert sorted(sessions(ccc_inline)) == ["backend-first", "backend-second", "backend-third"]
    assert faults(ccc_inline, 0) == []


@pytest.mark.slow
def test_a_recorded_tip_that_is_no_more_is_said_and_gone_on_without(
    place: Place, ccc_inline: RunsCcc
) -> None:
    place.spawn()
    tip, lost = place.repo.oid("refs/ccc"), "1" * 40
    with place.workspace.layout.tips.open("a") as file:
        file.write(f"{lost}\n")
    for command in (("spawn", "backend", "Another", "--no-start"), ("status",)):
        refused = ccc_inline(*command, exit=1)
        assert refused.stderr.startswith(
            f"error: {lost}, where ccc had put refs/ccc, is missing, and no log or bundle here has it; "
            f"the newest that can be read is {tip}\nhint: fetch it from another copy"
        )
    mended = ccc_inline("doctor", "--fix", exit=0).stderr
    assert f"{lost}, where refs/ccc was, is missing: what was recorded only there is lost\n" in mended
    ccc_inline("spawn", "backend", "Another", "--no-start", exit=0)
    assert faults(ccc_inline, 1) == [("rolled-back-ref", "git ccc doctor --fix")]
