"""`merge --yes` by several at the same moment, or beside `approve`: the work lands, once."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ccc.cli import merge
from ccc.ops.landing.approve import approve
from ccc.ops.landing.review import Review, review
from ccc.ops.workspace import Workspace
from tests.flow.conftest import Spawns
from tests.support.program import RunsCcc
from tests.support.repository import Repo

MANY = 3


def test_an_approval_given_meanwhile_is_as_good_as_ones_own(
    ready: Repo, spawn: Spawns, ccc_inline: RunsCcc, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = spawn("backend", "JWT auth")
    session.tree.commit("Add login\n\nCcc-Status: done", login="one\n")
    asked = merge._ask

    def and_somebody_approves(*arguments: Any, **options: Any) -> None:
        asked(*arguments, **options)
        elsewhere = Workspace.open(ready.path, os.environ)
        shown: Review = review(elsewhere, session.id)
        approve(elsewhere, shown)

    monkeypatch.setattr(merge, "_ask", and_somebody_approves)
    done = ccc_inline("merge", session.name, "--yes", exit=0)
    assert done.stdout.startswith(f"landed {session.name} on main as ")


@pytest.mark.slow
def test_of_many_that_land_the_same_work_one_does(ready: Repo, spawn: Spawns, ccc: RunsCcc) -> None:
    session = spawn("backend", "JWT auth")
    session.tree.commit("Add login\n\nCcc-Status: done", login="one\n")
    with ThreadPoolExecutor(MANY) as pool:
        done = list(pool.map(lambda _: ccc("merge", session.name, "--yes"), range(MANY)))
    landed = [each.stdout for each in done if each.exit == 0]
    assert len(landed) == 1, done
    assert landed[0].startswith(f"landed {session.name} on main as ")
    assert {each.exit for each in done} <= {0, 1}
    assert [each.stderr for each in done if "already approved" in each.stderr] == []
    assert ready.git("log", "--format=%s", "refs/ccc").count(f"landed {session.name} as ") == 1
