"""`refs/ccc` deleted or moved back by hand: everybody says so, nobody builds on it, one command mends it."""

from __future__ import annotations

import pytest

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


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_a_deleted_ref_is_an_error_of_every_command(
    place: Place, ccc_inline: RunsCcc, command: tuple[str, ...]
) -> None:
    place.spawn()
    tip = place.repo.oid("refs/ccc")
    place.repo.git("update-ref", "-d", "refs/ccc")
    words = f"refs/ccc is gone; it was at {tip}", f"git update-ref refs/ccc {tip}"
    outcome = ccc_inline(*command, exit=1)
    if "--json" in command:
        assert (outcome.json["error"]["message"], outcome.json["error"]["hint"]) == words
    else:
        assert outcome.stderr == f"error: {words[0]}\nhint: {words[1]}\n"
        assert outcome.stdout == ""
    place.repo.git(*words[1].split()[1:])
    assert sessions(ccc_inline) == ["backend-jwt-auth"]


def test_doctor_brings_a_deleted_ref_back_and_advises_nothing_else(place: Place, ccc_inline: RunsCcc) -> None:
    place.spawn()
    tip = place.repo.oid("refs/ccc")
    place.repo.git("update-ref", "-d", "refs/ccc")
    checks = ccc_inline("doctor", "--json", exit=1).json["checks"]
    wrong = [(check["name"], check["what"], check["next"]) for check in checks if not check["ok"]]
    assert wrong == [("tip", f"refs/ccc is gone; it was at {tip}", f"git update-ref refs/ccc {tip}")]
    assert ccc_inline("doctor", "--fix", exit=0).stderr == f"refs/ccc was gone; it is at {tip} again\n"
    assert place.repo.oid("refs/ccc") == tip
    assert faults(ccc_inline, 0) == []


def test_nothing_is_built_on_a_ref_moved_back(place: Place, ccc_inline: RunsCcc) -> None:
    place.spawn()
    tip, old = place.repo.oid("refs/ccc"), place.repo.oid("refs/ccc~1")
    place.repo.git("update-ref", "refs/ccc", old)
    outcome = ccc_inline("spawn", "backend", "Another", "--no-start", exit=1)
    assert outcome.stderr == (
        f"error: refs/ccc was moved to {old}, which does not contain {tip}, where it was\n"
        "hint: git ccc doctor --fix\n"
    )
    assert place.repo.oid("refs/ccc") == old
    assert faults(ccc_inline, 1) == [("rolled-back-ref", "git ccc doctor --fix")]
    mended = ccc_inline("doctor", "--fix", exit=0)
    assert (
        mended.stderr == f"refs/ccc was moved to {old}; it is at {tip}, which has everything recorded here\n"
    )
    assert place.repo.oid("refs/ccc") == tip
    ccc_inline("spawn", "backend", "Another", "--no-start", exit=0)
    assert sessions(ccc_inline) == ["backend-jwt-auth", "backend-another"]


def test_two_histories_with_events_of_their_own_become_one(place: Place, ccc_inline: RunsCcc) -> None:
    place.spawn("First")
    old = place.repo.oid("refs/ccc")
    place.spawn("Second")
    tip = place.repo.oid("refs/ccc")
    place.repo.git("update-ref", "refs/ccc", old)
    tips = place.workspace.layout.tips
    kept = tips.read_text()
    tips.write_text(kept.replace(f"{tip}\n", ""))  # as an older ccc, that did not look, would have gone on
    place.spawn("Third")
    elsewhere = place.repo.oid("refs/ccc")
    tips.write_text(kept)
    assert faults(ccc_inline, 1) == [("rolled-back-ref", "git ccc doctor --fix")]
    ccc_inline("doctor", "--fix", exit=0)
    assert set(place.repo.git("log", "-1", "--format=%P", "refs/ccc").split()) == {tip, elsewhere}
    assert sorted(sessions(ccc_inline)) == ["backend-first", "backend-second", "backend-third"]
    assert faults(ccc_inline, 0) == []


def test_a_recorded_tip_that_is_no_more_is_said_and_gone_on_without(
    place: Place, ccc_inline: RunsCcc
) -> None:
    place.spawn()
    tip, lost = place.repo.oid("refs/ccc"), "1" * 40
    with place.workspace.layout.tips.open("a") as file:
        file.write(f"{lost}\n")
    refused = ccc_inline("spawn", "backend", "Another", "--no-start", exit=1)
    words = f"error: refs/ccc was moved to {tip}; it was at {lost}, which is missing\n"
    assert refused.stderr == f"{words}hint: git ccc doctor --fix\n"
    mended = ccc_inline("doctor", "--fix", exit=0).stderr
    assert mended == f"{lost}, where refs/ccc was, is missing: what was recorded only there is lost\n"
    ccc_inline("spawn", "backend", "Another", "--no-start", exit=0)
