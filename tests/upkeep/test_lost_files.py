"""Files of `.git/ccc` deleted by hand: what is missing is named, and `init` makes it again."""

from __future__ import annotations

import pytest

from tests.support.program import RunsCcc
from tests.upkeep.conftest import Place


@pytest.mark.parametrize("configured", [True, False])
@pytest.mark.parametrize("names", [("replica",), ("drain",), ("replica", "drain")], ids="-".join)
def test_sessions_stay_this_machines_when_files_are_lost(
    place: Place, ccc_inline: RunsCcc, names: tuple[str, ...], configured: bool
) -> None:
    session = place.spawn()
    root, replica = place.workspace.layout.root, place.workspace.replica
    if not configured:  # as an older ccc left it
        place.repo.git("config", "--unset", "ccc.replica")
    for name in names:
        (root / name).unlink()
    lost = " and ".join(str(root / name) for name in names)
    refused = f"error: {lost} is missing\nhint: git ccc init makes it again\n"
    assert ccc_inline("status", exit=1).stderr == refused
    assert ccc_inline(exit=1).stderr == refused
    checks = ccc_inline("doctor", "--json", exit=1).json["checks"]
    wrong = [(check["name"], check["what"], check["next"]) for check in checks if not check["ok"]]
    assert wrong == [("initialised", f"{root / name} is missing", "git ccc init") for name in names]
    again = [f"{root / name} was missing and is there again\n" for name in names]
    if "replica" in names:
        again.append(f"this copy of the repository is {replica} again\n")
    assert ccc_inline("init", exit=0).stderr == "".join(again)
    assert place.repo.git("config", "ccc.replica") == replica
    [shown] = ccc_inline("status", "--json", exit=0).json["sessions"]
    assert (shown["name"], shown["status"]) == (session.name, "created")
    ccc_inline("doctor", exit=0)
    ccc_inline("close", session.name, exit=0)


def test_deinit_takes_the_second_copy_of_the_name(place: Place, ccc_inline: RunsCcc) -> None:
    ccc_inline("deinit", exit=0)
    assert "ccc" not in place.repo.git("config", "--local", "--list")


def test_after_deinit_nothing_is_missing(place: Place, ccc_inline: RunsCcc) -> None:
    ccc_inline("deinit", exit=0)
    outcome = ccc_inline("status", exit=1)
    assert outcome.stderr == "error: ccc is not initialised in this repository\nhint: git ccc init\n"
    assert ccc_inline("init", exit=0).stderr == ""
