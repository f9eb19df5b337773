"""`review` of a session that has landed shows what was landed, whatever has become of the target since."""

from __future__ import annotations

import pytest

from tests.flow.conftest import Spawns, Worked
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = pytest.mark.slow

ROW = """[land]
method = "{}"
[gate]
commands = ["true"]
[approval]
author = true
"""


@pytest.fixture(params=["merge", "squash", "rebase"])
def session(ready: Repo, ccc: RunsCcc, spawn: Spawns, request: pytest.FixtureRequest) -> Worked:
    """One that changed two files in two commits and has landed."""
    ready.commit("Policy", {".ccc/config.toml": ROW.format(request.param)})
    made = spawn("backend", "Login")
    made.tree.commit("First", a="1\n")
    made.tree.commit("Second\n\nCcc-Status: done", b="2\n")
    ccc("merge", made.name, "--yes", exit=0)
    return made


def test_it_shows_the_landing_and_not_todays_tip(ready: Repo, ccc: RunsCcc, session: Worked) -> None:
    landed = ready.oid("main")
    before, tree = ready.git("log", "-1", "--format=%H", "--grep=^Policy", "main"), ready.oid("main^{tree}")
    first = ccc("review", session.name, "--json", exit=0).json
    ready.commit("Meanwhile", a="other\n", c="3\n")
    for found in (first, ccc("review", session.name, "--json", exit=0).json):
        entry = found["entry"]
        assert (entry["state"], entry["base"], entry["tree"]) == ("landed", before, tree)
        assert found["diff"] == {"files": 2, "added": 2, "deleted": 0, "paths": ["a", "b"]}
        assert (found["landed"]["commit"], found["why_not"]) == (landed, [f"already landed as {landed[:7]}"])
        assert (found["conflicts"], found["gate"]["state"]) == ([], "passed")
        assert [(yes["stale"], yes["counts"]) for yes in found["approvals"]] == [(False, True)]
        assert found["verification"]["commit"] == entry["head"]
    said = ccc("review", session.name, exit=0).stdout.splitlines()
    assert said[0] == f"{session.name} -> main: landed"
    assert any(line.startswith(f"  landed     {landed[:7]} on main") for line in said)
    assert ccc("review", session.name, "--stat", exit=0).stdout.splitlines() == ["A a  +1 -0", "A b  +1 -0"]


def test_closed_it_is_shown_still_and_gone_on_it_is_what_would_land(
    ready: Repo, ccc: RunsCcc, session: Worked
) -> None:
    session.tree.commit("Third\n\nCcc-Status: done", d="4\n")
    found = ccc("review", session.name, "--json", exit=0).json
    assert (found["diff"]["paths"], found["entry"]["base"], found["landed"]) == (
        ["d"],
        ready.oid("main"),
        None,
    )
    session.tree.git("reset", "-q", "--hard", "HEAD~1")
    ccc("close", session.name, exit=0)
    found = ccc("review", session.name, "--json", exit=0).json
    assert (found["diff"]["paths"], found["entry"]["state"]) == (["a", "b"], "landed")
